"""Nearest: an unknown client behaves like the known one whose ClientHello is most like its own."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from simcert.tls.client import Client
from simcert.tls.hello import EMS_ALPN, ClientHello
from simcert.tls.hints import hashes_as_offered, informed
from simcert.tls.kinship import kin
from simcert.tls.stacks import descends, families, measured
from simcert.tls.stacks import family as archetype
from simcert.tls.verifier import Signal, Verifier

WEIGHTS: Mapping[str, float] = {
    "suites": 2.0,
    "sigalgs": 3.0,
    "groups": 2.0,
    "extensions": 2.0,
    "versions": 1.0,
    "alpn": 0.5,
    "order": 1.0,
}

LONGEST = 60  # letters of a family's name that are repeated
NEAR = 0.9  # below this resemblance the family's archetype is the better guess
SAME = 0.995  # from here on it counts as the same program
SPEECH = ("says_13", "phase_12", "phase_13", "inside", "after", "delay_s")
LIBRARY = 0.8  # from here on the ClientHello is that of the same library
BUILT_ON: Mapping[str, str] = {"gnutls": "libgnutls"}  # whose own program speaks as no other does
USUAL = "openssl-cli"  # speaks as most do: an alert within the handshake, by RFC 8446 6.2


def likeness(one: ClientHello, other: ClientHello) -> float:
    """Return the resemblance of two ClientHellos in [0, 1]: shared offers, and their order."""
    scores = {
        "suites": _overlap(one.suites, other.suites),
        "sigalgs": _overlap(one.sigalgs or (), other.sigalgs or ()),
        "groups": _overlap(one.groups or (), other.groups or ()),
        "extensions": _overlap(one.extensions, other.extensions),
        "versions": _overlap(one.versions, other.versions),
        "alpn": float(one.alpn == other.alpn or _alpn_untold(one) or _alpn_untold(other)),
        "order": float(one.suites == other.suites),
    }
    total = sum(WEIGHTS.values())
    return sum(WEIGHTS[name] * score for name, score in scores.items()) / total


def _alpn_untold(hello: ClientHello) -> bool:
    """Whether the extension was offered and what it says is not known."""
    return EMS_ALPN in hello.extensions and not hello.alpn


def _overlap(one: Iterable[Any], other: Iterable[Any]) -> float:
    left, right = set(one), set(other)
    return len(left & right) / len(left | right) if left or right else 1.0


def _spoken(nearest: Client, family: str, score: float) -> Verifier:
    """Return the nearest one's verifier, speaking as this family does unless it is the very same.

    Keys and hashes follow the library, as a ClientHello does, and so do the codes of alerts. What a
    program does with a verdict (alert or silence, within the handshake or after) is its own and
    leaves no trace there.
    """
    if score >= SAME or family not in families():
        return nearest.verifier
    usual = archetype(family)
    spoken = {name: getattr(usual, name) for name in SPEECH}
    return replace(nearest.verifier, **spoken, says=_codes(nearest.verifier.says, usual.says))


def _stranger(nearest: Client, hello: ClientHello, score: float) -> Verifier:
    """Return what is likeliest of a program of no known family: the nearest's rules, usual speech.

    Nearest programs speak as differently as any two do, so what most do is the better guess.
    """
    rules = _spoken(nearest, USUAL, score)
    return rules if score >= NEAR else hashes_as_offered(rules, hello)


def _codes(library: Mapping[str, Signal], usual: Mapping[str, Signal]) -> Mapping[str, Signal]:
    """Return the family's table with the codes of this generation, where both send an alert."""
    told: dict[str, Signal] = {}
    for fault in {*library, *usual}:
        own, general = _said(library, fault), _said(usual, fault)
        told[fault] = general if "close" in (own, general) else own
    return told


def _said(table: Mapping[str, Signal], fault: str) -> Signal:
    keys = (fault, fault.partition("@")[0], "default")
    return next((table[key] for key in keys if key in table), 46)


def _library(hello: ClientHello, called: str, models: Iterable[Client]) -> str:
    """Return how programs built on this library behave, "" if that is not told by the ClientHello.

    curl, say, is built on a dozen libraries; a name and a ClientHello that contradict each other
    mean a build that is not among the measured ones.
    """
    nearest = max(models, key=lambda one: likeness(hello, one.hello))
    library = nearest.family
    if library not in BUILT_ON or descends(called, library):
        return ""
    return BUILT_ON[library] if likeness(hello, nearest.hello) >= LIBRARY else ""


def _titled(family: str | None, called: str) -> str:
    return f"family {called}" if called else f'family "{(family or "")[:LONGEST]}" is not known'


def _as_near(hello: ClientHello, nearest: Client, score: float, models: Iterable[Client]) -> str:
    """Return who else is as near and behaves otherwise: then the ClientHello decides nothing."""
    names = [
        one.name
        for one in models
        if one.verifier != nearest.verifier and likeness(hello, one.hello) >= score
    ]
    return f"; no less like {', '.join(names)}, who differ" if names else ""


def client_from_hello(
    hello: Mapping[str, Any] | ClientHello,
    family: str | None = "",
    name: str = "unknown",
    known: Mapping[str, Client] | None = None,
) -> Client:
    """Return the verifying client that this ClientHello most probably belongs to.

    Within a known family the nearest measured configuration, or the family's archetype if none is
    near; for any other family the nearest of all. `likeness` of the result says which one it is.
    `known` replaces the measured configurations.
    """
    offered = hello if isinstance(hello, ClientHello) else ClientHello.from_dict(hello)
    models = [one for one in (known or measured()).values() if one.verifier.verifies]
    meant = kin(family)
    relatives = [one for one in models if one.family in meant]
    nearest = max(relatives or models, key=lambda one: likeness(offered, one.hello))
    score = likeness(offered, nearest.hello)
    called = nearest.family if relatives else next(iter(meant), "")
    like = f"like {nearest.name} ({score:.0%} alike)"
    library = _library(offered, called, models)
    if library:
        rules, why = archetype(library), f"{_titled(family, called)}, built on {library}"
    elif relatives and score >= NEAR:
        rules, why = _spoken(nearest, called, score), f"family {called}: {like}"
    elif called in families():
        rules, why = archetype(called), f"family {called} in general"
    else:
        others = _as_near(offered, nearest, score, models)
        rules = _stranger(nearest, offered, score)
        why = f"{_titled(family, '')}; by ClientHello {like}{others}"
    return replace(
        nearest,
        name=name,
        family=family or nearest.family,
        hello=offered,
        verifier=informed(rules, offered),
        measured=False,
        likeness=why,
    )
