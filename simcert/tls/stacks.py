"""Stacks: archetypes by family, and the configurations that were measured."""

import json
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from simcert.errors import InputError
from simcert.tls.chain import TrustStore
from simcert.tls.client import Client
from simcert.tls.hello import ClientHello
from simcert.tls.roots import trust_stores
from simcert.tls.verifier import Verifier, verifier

DEFAULT_STORE = "linux_ca_bundle_current"  # of measured configurations, unless told otherwise


def data(name: str) -> str:
    """Return the text of a file in `simcert/tls/data`."""
    return files("simcert.tls").joinpath("data", name).read_text(encoding="utf-8")


@cache
def capabilities() -> Mapping[str, Any]:
    """Return the raw capability tables."""
    return tomllib.loads(data("capabilities.toml"))


@cache
def family(name: str) -> Verifier:
    """Return the archetype of a family."""
    return verifier(_inherited(capabilities()["family"], name))


def descends(name: str, ancestor: str) -> bool:
    """Whether a family takes over the fields of another, or is that one."""
    tables = capabilities()["family"]
    return name == ancestor or (name in tables and descends(tables[name].get("like", ""), ancestor))


def families() -> frozenset[str]:
    """Return the names of all families that have an archetype."""
    return frozenset(capabilities()["family"])


def _inherited(tables: Mapping[str, Any], name: str, depth: int = 8) -> dict[str, Any]:
    """Return a family's fields over those of the family that it is like."""
    if depth == 0:
        raise InputError(f'family "{name}" is like itself')
    table = dict(tables[name])
    parent = table.pop("like", None)
    return (_inherited(tables, parent, depth - 1) if parent else {}) | table


@cache
def measured() -> Mapping[str, Client]:
    """Return the measured configurations by name."""
    hellos: Mapping[str, Any] = json.loads(data("measured_hellos.json"))["clients"]
    return MappingProxyType({name: _measured(name, hello) for name, hello in hellos.items()})


def _measured(name: str, entry: Mapping[str, Any]) -> Client:
    own = dict(capabilities()["client"][name])
    base = _inherited(capabilities()["family"], own.pop("like", entry["family"]))
    return Client(
        name=name,
        family=entry["family"],
        hello=ClientHello.from_dict(entry["hello"]),
        verifier=verifier(base | own),
        measured=True,
        trust=TrustStore.named(trust_stores()[DEFAULT_STORE]),
        likeness="measured",
    )
