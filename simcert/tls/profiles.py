"""Population profiles: described clients, each like a family or a measured configuration."""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Any

from simcert.errors import InputError
from simcert.tls.chain import TrustStore
from simcert.tls.client import Client
from simcert.tls.hello import ClientHello
from simcert.tls.roots import trust_stores
from simcert.tls.stacks import data, families, family, measured
from simcert.tls.verifier import Verifier, verifier

PREFIX = "profile:"


@cache
def profiles() -> Mapping[str, Client]:
    """Return every profile as `profile:<id>`."""
    entries = json.loads(data("profiles.json"))["profiles"]
    found = {f"{PREFIX}{name}": _profile(f"{PREFIX}{name}", one) for name, one in entries.items()}
    return MappingProxyType(found)


def _profile(name: str, entry: Mapping[str, Any]) -> Client:
    low, high = entry["resumed_share"]
    return Client(
        name=name,
        family=entry["family"],
        hello=_hello(entry["hello"]),
        verifier=_verifier(entry),
        trust=TrustStore.named(trust_stores()[entry["trust"]]),
        likeness=f"profile: like {entry['like']}",
        title=entry["title"],
        clock=entry["clock"],
        pinning=entry.get("pins", ""),
        finds_issuers=entry["finds_issuers"],
        resumes=high > 0,
        resumed_share=(low, high),
        provenance=entry["provenance"],
    )


def _hello(entry: Mapping[str, Any]) -> ClientHello:
    return measured()[entry["of"]].hello if "of" in entry else ClientHello.from_dict(entry)


def _verifier(entry: Mapping[str, Any]) -> Verifier:
    """Return the archetype with the profile's own capabilities over it; pins are checked last."""
    like, own = entry["like"], dict(entry.get("capabilities", {}))
    if like not in measured() and like not in families():
        raise InputError(f'profile is like "{like}", which is neither a stack nor a family')
    base = measured()[like].verifier if like in measured() else family(like)
    own |= {"max_validity_days": entry.get("max_validity_days")}
    values = verifier(own)
    return replace(base, **{key: getattr(values, key) for key in own})


@cache
def mixes() -> Mapping[str, Mapping[str, float]]:
    """Return the built-in populations: name -> client name -> share; shares sum to 1.

    A short name such as `web` means the newest population of that kind.
    """
    told = json.loads(data("mixes.json"))
    found = {name: _shares(one["weights"]) for name, one in told["mixes"].items()}
    short = {name: found[target] for name, target in told["short"].items()}
    return MappingProxyType(found | short)


def mix_sources() -> Mapping[str, str]:
    """Return where the weights of every population come from."""
    told = json.loads(data("mixes.json"))
    found = {name: str(one["source"]) for name, one in told["mixes"].items()}
    return found | {name: found[target] for name, target in told["short"].items()}


def _shares(weights: Mapping[str, float]) -> Mapping[str, float]:
    total = sum(weights.values())
    return MappingProxyType({f"{PREFIX}{name}": w / total for name, w in weights.items() if w > 0})
