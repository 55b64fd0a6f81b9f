"""Well-known public roots by id; a stand-in with the same subject name counts as the root."""

import datetime as dt
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from simcert.errors import UnknownNameError


@dataclass(frozen=True, slots=True)
class Root:
    """A public root: its id, its subject (RFC 4514), and when it is valid."""

    id: str
    subject: str
    not_before: dt.datetime
    not_after: dt.datetime


@cache
def _tables() -> Mapping[str, Any]:
    text = files("simcert.tls").joinpath("data/roots.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def published_intermediates() -> Mapping[str, tuple[str, ...]]:
    """Return subject (RFC 4514, case folded) -> ids of roots above, of well-known intermediates."""
    entries = _tables()["intermediate"].values()
    return {entry["subject"].casefold(): tuple(entry["roots"]) for entry in entries}


@cache
def trust_stores() -> Mapping[str, tuple[str, ...]]:
    """Return the ids of the roots that each client generation trusts."""
    text = files("simcert.tls").joinpath("data/trust_stores.toml").read_text(encoding="utf-8")
    return {name: tuple(entry["roots"]) for name, entry in tomllib.loads(text)["store"].items()}


@cache
def well_known_roots() -> Mapping[str, Root]:
    """Return every public root of `data/roots.toml` by its id."""
    return {name: _root(name, entry) for name, entry in _tables()["root"].items()}


def named_roots(ids: Iterable[str]) -> tuple[Root, ...]:
    """Return the roots of these ids; UnknownNameError names the nearest for one unknown."""
    known = well_known_roots()
    chosen = tuple(ids)
    for one in chosen:
        if one not in known:
            raise UnknownNameError("root", one, known)
    return tuple(known[one] for one in chosen)


def _root(name: str, entry: Mapping[str, str]) -> Root:
    first, last = (dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC) for day in entry["valid"])
    return Root(name, entry["subject"].casefold(), first, last)
