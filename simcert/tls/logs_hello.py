"""What a log line tells of a ClientHello, as numbers of the IANA registries; None where unknown."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

Codes = tuple[int, ...]

GROUPS = {  # nginx prints names of OpenSSL, hexadecimal numbers where it has none
    "prime256v1": 0x17,
    "secp384r1": 0x18,
    "secp521r1": 0x19,
    "secp256k1": 0x16,
    "X25519": 0x1D,
    "X448": 0x1E,
    "brainpoolP256r1": 0x1A,
    "brainpoolP384r1": 0x1B,
    "brainpoolP512r1": 0x1C,
    "ffdhe2048": 0x100,
    "ffdhe3072": 0x101,
    "ffdhe4096": 0x102,
    "ffdhe6144": 0x103,
    "ffdhe8192": 0x104,
    "X25519MLKEM768": 0x11EC,
    "SecP256r1MLKEM768": 0x11EB,
}
NAMELESS = 0xFFFF  # stands for a name that is not in these tables: no client offers this code
VERSIONS = {"TLSv1": 0x301, "TLSv1.1": 0x302, "TLSv1.2": 0x303, "TLSv1.3": 0x304}


@dataclass(frozen=True, slots=True)
class LoggedHello:
    """A ClientHello as far as it was logged; GREASE (RFC 8701) is taken out.

    `suites` keep their order; `suites_hash` is their xxh32 where only that was logged. `negotiated`
    is the version that server and client agreed on, a lower bound of what the client offers.
    """

    suites: Codes | None = None
    suites_hash: int | None = None
    extensions: Codes | None = None
    groups: Codes | None = None
    sigalgs: Codes | None = None
    versions: Codes | None = None
    negotiated: int | None = None


def is_grease(code: int) -> bool:
    """Return whether a code is reserved for GREASE: 0x0A0A, 0x1A1A, ... 0xFAFA."""
    return code & 0x0F0F == 0x0A0A and code >> 8 == code & 0xFF


def decoded(kind: bytes, hello: bytes) -> LoggedHello | None:
    """Return a hello as `logs.count_hellos` found it; None if its fields are nonsense."""
    try:
        fields = hello.decode("ascii").split("|")
        return {b"v1": _v1, b"v2": _v2, b"g1": _nginx}[kind](fields)
    except ValueError:
        return None


def _v1(fields: list[str]) -> LoggedHello:
    """Either a hash in decimal or the list in hex: a list of suites is no such number by chance."""
    suites, extensions = fields
    if suites.isdigit() and (len(suites) % 4 or len(suites) in (4, 8)):
        return LoggedHello(suites_hash=int(suites), extensions=_hex(extensions))
    return LoggedHello(suites=_hex(suites), extensions=_hex(extensions))


def _v2(fields: list[str]) -> LoggedHello:
    suites, extensions, groups, sigalgs, versions = map(_hex, fields)
    return LoggedHello(suites, None, extensions, groups, sigalgs, versions)


def _nginx(fields: list[str]) -> LoggedHello:
    version, suites, curves = fields
    return LoggedHello(
        suites=tuple(c for c in map(_suite, suites.split(":")) if not is_grease(c)),
        groups=_curves(curves),
        negotiated=VERSIONS.get(version),
    )


def _hex(text: str) -> Codes | None:
    if text in ("", "-"):
        return None
    data = bytes.fromhex(text)
    if len(data) % 2:
        raise ValueError(f"{text}: half a code at the end")
    codes = (int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))
    return tuple(code for code in codes if not is_grease(code))


def _curves(text: str) -> Codes | None:
    if text in ("", "-"):
        return None
    codes = (_code(name, GROUPS) for name in text.split(":"))
    return tuple(code for code in codes if not is_grease(code))


def _suite(name: str) -> int:
    return _code(name, suite_names())


def _code(name: str, known: Mapping[str, int]) -> int:
    return int(name, 16) if name.startswith("0x") else known.get(name, NAMELESS)


@cache
def suite_names() -> dict[str, int]:
    """Return OpenSSL's names of cipher suites and their codes."""
    text = (Path(__file__).parent / "_logs_suites.json").read_text(encoding="utf-8")
    return {name: int(code, 16) for name, code in json.loads(text).items()}
