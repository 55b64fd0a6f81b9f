"""Terminator logs: which ClientHellos came, and how often; one pass, bounded memory.

Three line formats are read, told apart by their first field (docs/population-logs.md shows the
directives that write them): `v1` HAProxy with a hash of the cipher list, `v2` HAProxy with lists of
suites, extensions, groups, signature algorithms and versions, `ng1` nginx. Anything in front of
the first field, such as a syslog header, is skipped. A hello stays the bytes that were logged until
all lines are counted, so that only distinct ones are ever decoded.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO

LINE_BYTES_MAX = 65_536  # longer lines are cut, and then count as unparsed
HELLOS_MAX = 50_000  # distinct hellos remembered; scanners make up new ones for ever

_RESUMED = (b"0", b"1", b"-", b"")  # HAProxy writes a dash where there was no TLS


@dataclass(slots=True)
class LogCounts:
    """What was in a log. `handshakes` are lines with a ClientHello, `hellos` counts them by text.

    Lines that are well formed but show no ClientHello (port scans), or a further request on the
    same connection, are neither handshakes nor unparsed. `forgotten` are handshakes with hellos
    beyond `HELLOS_MAX` different ones.
    """

    lines: int = 0
    handshakes: int = 0
    unparsed: int = 0
    forgotten: int = 0
    hellos: dict[tuple[bytes, bytes], int] = field(default_factory=dict)


def count_hellos(log: BinaryIO, hellos_max: int = HELLOS_MAX) -> LogCounts:
    """Return how often each ClientHello stands in a log, a stream of bytes, read once."""
    counts = LogCounts()
    hellos = counts.hellos
    lines = unparsed = silent = forgotten = 0
    readline = log.readline
    while line := readline(LINE_BYTES_MAX):
        lines += 1
        parts = line.split(b"|", 15)
        kind = parts[0][-3:]
        cut = _CUTS.get(kind) or _CUTS.get(kind[-2:])
        hello = cut(parts) if cut is not None else None
        if not hello:
            if hello is None:
                unparsed += 1
            else:
                silent += 1
            continue
        key = (kind[-2:], hello)
        seen = hellos.get(key)
        if seen is None and len(hellos) >= hellos_max:
            forgotten += 1
        else:
            hellos[key] = (seen or 0) + 1
    counts.lines, counts.unparsed, counts.forgotten = lines, unparsed, forgotten
    counts.handshakes = lines - unparsed - silent
    return counts


def _haproxy_v1(parts: list[bytes]) -> bytes | None:
    """`v1|pid|lc|fe|ok|time|ip|port|Th|err|ssl_err|resumed|version|suite|alpn|hash|exts|"sni"`."""
    if len(parts) != 16 or parts[11] not in _RESUMED:
        return None
    hello, quote, _ = parts[15].partition(b'|"')  # the name is the client's: it may hold a bar
    if not quote or hello.count(b"|") != 1:
        return None
    return b"" if hello[0] == 0x7C or hello[:2] == b"0|" or hello[:2] == b"-|" else hello


def _haproxy_v2(parts: list[bytes]) -> bytes | None:
    """As `v1`, with `suites|exts|groups|sigalgs|versions` in hex where `v1` has `hash|exts`."""
    if len(parts) != 16 or parts[11] not in _RESUMED:
        return None
    hello, quote, _ = parts[15].partition(b'|"')
    if not quote or hello.count(b"|") != 4:
        return None
    return b"" if hello[0] == 0x7C or hello[:2] == b"-|" else hello


def _nginx(parts: list[bytes]) -> bytes | None:
    """`ng1|time|ip|connection|request number|reused|version|suite|suites|curves|"sni"`."""
    if len(parts) < 11 or not parts[10].startswith(b'"'):
        return None
    if parts[4] != b"1" or parts[8] in (b"", b"-"):
        return b""
    return parts[6] + b"|" + parts[8] + b"|" + parts[9]


_CUTS: dict[bytes, Callable[[list[bytes]], bytes | None]] = {
    b"v1": _haproxy_v1,
    b"v2": _haproxy_v2,
    b"ng1": _nginx,
}
