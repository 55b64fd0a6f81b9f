"""Match logged ClientHellos to clients of the catalogue: by cipher list, or by other offers.

A cipher list, in order, is nearly a name; where the catalogue has none for a client, or the log has
none, versions, signature algorithms, groups and extensions decide, and the match is marked as such.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean

from simcert.tls._logs_xxh32 import xxh32
from simcert.tls.client import Client
from simcert.tls.hello import VERSIONS, ClientHello
from simcert.tls.logs_hello import Codes, LoggedHello

SIMILAR_ENOUGH = 0.8  # mean overlap of at least two facets
FACETS_MIN = 2
SIGNALLING = frozenset({0x00FF, 0x5600})  # renegotiation and fallback markers are no suites
PER_CONNECTION = frozenset({21, 41, 42, 44})  # padding, resumption, early data, cookie come and go
NUMBERS = {text: code for code, text in VERSIONS.items()}


@dataclass(frozen=True, slots=True)
class Match:
    """Which client it was; `exact` if its cipher list is that of the catalogue."""

    client: str
    exact: bool
    overlap: float


class Matcher:
    """Finds the client of a hello in a catalogue.

    Cipher lists are known of measured configurations. A profile that shares the list, or else one
    that behaves like that configuration, stands for it: profiles bring a trust store along. Among
    equals the one of most weight is taken (how common it is), then the first in order of names.
    """

    def __init__(
        self, clients: Mapping[str, Client], weights: Mapping[str, float] | None = None
    ) -> None:
        """Take the clients of a catalogue by name, and how common each is."""
        self._weights = weights or {}
        self._clients = dict(sorted(clients.items(), key=lambda item: (item[1].measured, item[0])))
        self._by_suites: dict[Codes, list[str]] = {}
        self._by_hash: dict[int, list[str]] = {}
        known = {plain(one.hello.suites) for one in clients.values() if one.measured}
        for name, one in self._clients.items():
            suites = plain(one.hello.suites)
            if suites in known:
                self._by_suites.setdefault(suites, []).append(name)
        for suites, names in self._by_suites.items():
            if all(clients[name].measured for name in names):
                names[:0] = self._like(names)
            for written in (suites, (*suites, 0x00FF), (0x00FF, *suites)):
                self._by_hash[hashed(written)] = names
        self._likely: dict[object, Match | None] = {}

    def match(self, hello: LoggedHello) -> Match | None:
        """Return the best client, None where nothing is similar enough."""
        if hello.suites is not None:
            same = self._by_suites.get(plain(hello.suites), [])
        else:
            same = self._by_hash.get(hello.suites_hash or -1, [])
        if same:
            best = max(same, key=lambda name: self._rank(hello, name))
            return Match(best, True, self._overlap(hello, best)[0])
        return self._similar(hello)

    def _like(self, stacks: Iterable[str]) -> list[str]:
        """Return the profiles that behave like one of these measured configurations."""
        wanted = {f"profile: like {name}" for name in stacks}
        return [name for name, one in self._clients.items() if one.likeness in wanted]

    def _similar(self, hello: LoggedHello) -> Match | None:
        key = (hello.versions, hello.sigalgs, hello.groups, hello.extensions, hello.negotiated)
        if key not in self._likely:
            enough = [n for n in self._clients if self._overlap(hello, n)[1] >= FACETS_MIN]
            best = max(enough, key=lambda n: self._rank(hello, n)[1:], default=None)
            self._likely[key] = self._good(hello, best)
        return self._likely[key]

    def _good(self, hello: LoggedHello, name: str | None) -> Match | None:
        overlap = 0.0 if name is None else self._overlap(hello, name)[0]
        return None if name is None or overlap < SIMILAR_ENOUGH else Match(name, False, overlap)

    def _rank(self, hello: LoggedHello, name: str) -> tuple[bool, float, float]:
        overlap = round(self._overlap(hello, name)[0], 6)
        return not self._clients[name].measured, overlap, self._weights.get(name, 0.0)

    def _overlap(self, hello: LoggedHello, name: str) -> tuple[float, int]:
        """Return the mean overlap of the facets that both sides know, and their number."""
        known = self._clients[name].hello
        versions = tuple(NUMBERS[v] for v in known.versions)
        pairs = [
            (hello.versions, versions),
            (hello.sigalgs, known.sigalgs),
            (hello.groups, known.groups),
            (_lasting(hello.extensions), _lasting(known.extensions)),
        ]
        told = [jaccard(one, other) for one, other in pairs if one and other]
        if hello.versions is None and hello.negotiated is not None:
            told.append(float(hello.negotiated in versions))
        return (fmean(told) if told else 0.0), len(told)


def jaccard(one: Codes, other: Codes) -> float:
    """Return the share of codes that both have among those that any has."""
    a, b = set(one), set(other)
    return len(a & b) / len(a | b)


def plain(suites: Codes) -> Codes:
    """Return cipher suites without signalling values."""
    return tuple(code for code in suites if code not in SIGNALLING)


def hashed(suites: Codes) -> int:
    """Return the hash that HAProxy logs of this list."""
    return xxh32(b"".join(code.to_bytes(2, "big") for code in suites))


def fingerprint(hello: LoggedHello) -> str:
    """Return a label of a hello that was not matched, in the manner of JA4 where it can be made."""
    if hello.suites is None:
        return f"xxh32:{hello.suites_hash}"
    codes = hello.versions or (() if hello.negotiated is None else (hello.negotiated,))
    versions = tuple(VERSIONS[code] for code in sorted(codes) if code in VERSIONS) or ("1.2",)
    extensions = hello.extensions or ()
    told = ClientHello(versions, plain(hello.suites), extensions=extensions, sni=0 in extensions)
    return f"{told.fingerprint}_{hashlib.sha256(repr(hello.sigalgs).encode()).hexdigest()[:6]}"


def _lasting(extensions: Codes | None) -> Codes | None:
    return extensions and tuple(code for code in extensions if code not in PER_CONNECTION)
