"""ClientHello: what a client offers, as numbers; all that a server knows before it chooses."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from simcert.errors import InputError

VERSIONS: Mapping[int, str] = {0x0301: "1.0", 0x0302: "1.1", 0x0303: "1.2", 0x0304: "1.3"}
_LISTS = ("ciphers", "versions", "sigalgs", "sigalgs_cert", "groups", "key_shares", "ext")
_SIGNALLING = frozenset({0x00FF, 0x5600})  # renegotiation and fallback markers, no suites
EMS_SNI, EMS_ALPN = 0, 16


def is_grease(code: int) -> bool:
    """Whether a code point is reserved to keep servers tolerant (RFC 8701)."""
    return code & 0x0F0F == 0x0A0A and code >> 8 == code & 0xFF


@dataclass(frozen=True, slots=True)
class ClientHello:
    """Offers in the client's order of preference; GREASE and signalling values removed.

    `sigalgs_cert` and `groups` are None where the extension is absent, which is not the same as
    an empty list. `size` is the ClientHello's length in bytes (0: unknown).
    """

    versions: tuple[str, ...]  # ascending
    suites: tuple[int, ...]
    sigalgs: tuple[int, ...] | None = None
    sigalgs_cert: tuple[int, ...] | None = None
    groups: tuple[int, ...] | None = None
    key_shares: tuple[int, ...] = ()
    extensions: tuple[int, ...] = ()
    alpn: tuple[str, ...] = ()
    sni: bool = True
    status_request: bool = False
    size: int = 0

    @classmethod
    def from_dict(cls, hello: Mapping[str, Any]) -> "ClientHello":
        """Read the fields of a recorded ClientHello (hexadecimal strings); InputError if unusable.

        Keys: ciphers, versions, legacy_version, sigalgs, sigalgs_cert, groups, key_shares, ext,
        alpn, sni, status_request, ch_bytes; all but `ciphers` may be missing.
        """
        if not isinstance(hello, Mapping):
            raise InputError(f"a ClientHello is a table of fields, not {type(hello).__name__}")
        lists = {key: _codes(key, hello.get(key)) for key in _LISTS}
        if not lists["ciphers"]:
            raise InputError('a ClientHello without "ciphers"; give them as hexadecimal strings')
        return cls(
            versions=_versions(lists["versions"], hello.get("legacy_version", "0303")),
            suites=tuple(c for c in lists["ciphers"] if c not in _SIGNALLING),
            sigalgs=lists["sigalgs"],
            sigalgs_cert=lists["sigalgs_cert"],
            groups=lists["groups"],
            key_shares=lists["key_shares"] or (),
            extensions=lists["ext"] or (),
            alpn=tuple(str(name) for name in _sequence("alpn", hello.get("alpn") or ())),
            sni=bool(hello.get("sni", EMS_SNI in (lists["ext"] or ()))),
            status_request=bool(hello.get("status_request", False)),
            size=_size(hello.get("ch_bytes", 0)),
        )

    @property
    def highest(self) -> str:
        """The newest version offered."""
        return self.versions[-1]

    @property
    def fingerprint(self) -> str:
        """A label in the manner of JA4: version, SNI, counts, ALPN, digest of sorted suites."""
        digest = hashlib.sha256(",".join(f"{s:04x}" for s in sorted(self.suites)).encode())
        first = self.alpn[0] if self.alpn else "00"
        counts = f"{min(len(self.suites), 99):02d}{min(len(self.extensions), 99):02d}"
        return (
            f"t{self.highest.replace('.', '')}{'d' if self.sni else 'i'}{counts}"
            f"{first[0]}{first[-1]}_{digest.hexdigest()[:12]}"
        )


def _versions(offered: tuple[int, ...] | None, legacy: object) -> tuple[str, ...]:
    """Return the versions offered; without the extension all up to `legacy_version` are meant."""
    if offered is None:
        top = _code("legacy_version", legacy)
        offered = tuple(code for code in VERSIONS if code <= min(top, 0x0303)) or (0x0301,)
    found = tuple(VERSIONS[code] for code in sorted(set(offered)) if code in VERSIONS)
    if not found:
        raise InputError("a ClientHello offers no TLS version that is known (1.0 to 1.3)")
    return found


def _codes(key: str, values: object) -> tuple[int, ...] | None:
    if values is None:
        return None
    codes = (_code(key, value) for value in _sequence(key, values))
    return tuple(code for code in codes if not is_grease(code))


def _sequence(key: str, values: object) -> Iterable[object]:
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise InputError(f'ClientHello field "{key}" is not a list')
    return values


def _code(key: str, value: object) -> int:
    try:
        number = int(value, 16) if isinstance(value, str) and len(value) <= 6 else value
    except ValueError:
        number = value
    if isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= 0xFFFF:
        return number
    raise InputError(f'ClientHello field "{key}": {_shown(value)} is no 16-bit code point')


def _shown(value: object) -> str:
    """Return a value as messages repeat it: not longer than a line, whatever it is."""
    huge = isinstance(value, int) and value.bit_length() > 64
    text = "a huge number" if huge else repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def _size(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < 1 << 24 else 0
