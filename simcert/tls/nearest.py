"""Nearest: an unknown client behaves like the known one whose ClientHello resembles its own most."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from simcert.tls.client import Client
from simcert.tls.hello import ClientHello
from simcert.tls.stacks import measured

WEIGHTS: Mapping[str, float] = {
    "suites": 2.0,
    "sigalgs": 3.0,
    "groups": 2.0,
    "extensions": 2.0,
    "versions": 1.0,
    "alpn": 0.5,
    "order": 1.0,
}


def likeness(one: ClientHello, other: ClientHello) -> float:
    """Return the resemblance of two ClientHellos in [0, 1]: shared offers, and their order."""
    scores = {
        "suites": _overlap(one.suites, other.suites),
        "sigalgs": _overlap(one.sigalgs or (), other.sigalgs or ()),
        "groups": _overlap(one.groups or (), other.groups or ()),
        "extensions": _overlap(one.extensions, other.extensions),
        "versions": _overlap(one.versions, other.versions),
        "alpn": float(one.alpn == other.alpn),
        "order": float(one.suites == other.suites),
    }
    total = sum(WEIGHTS.values())
    return sum(WEIGHTS[name] * score for name, score in scores.items()) / total


def _overlap(one: Iterable[Any], other: Iterable[Any]) -> float:
    left, right = set(one), set(other)
    return len(left & right) / len(left | right) if left or right else 1.0


def client_from_hello(
    hello: Mapping[str, Any] | ClientHello,
    family: str = "",
    name: str = "unknown",
    known: Mapping[str, Client] | None = None,
) -> Client:
    """Return the verifying client that this ClientHello most probably belongs to.

    Within a known family the nearest measured configuration; for any other family the nearest of
    all. `likeness` of the result says which one. `known` replaces the measured configurations.
    """
    offered = hello if isinstance(hello, ClientHello) else ClientHello.from_dict(hello)
    models = [one for one in (known or measured()).values() if one.verifier.verifies]
    relatives = [one for one in models if one.family == family]
    nearest = max(relatives or models, key=lambda one: likeness(offered, one.hello))
    score = likeness(offered, nearest.hello)
    why = f"family {family}" if relatives else f'family "{family}" is not known; by ClientHello'
    return replace(
        nearest,
        name=name,
        family=family or nearest.family,
        hello=offered,
        trust=None,
        measured=False,
        likeness=f"{why}: like {nearest.name} ({score:.0%} alike)",
    )
