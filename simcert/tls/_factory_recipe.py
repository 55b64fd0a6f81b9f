"""A recipe: certificates by name, who signs whom, and which of them a server sends together.

Dates stand in the recipe, so that a rebuild has the same structure at any time; only keys are new.
"""

import datetime as dt
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from simcert.errors import InputError, UnknownNameError


@dataclass(frozen=True, slots=True)
class CertificateRecipe:
    """One certificate. `key_of` makes a twin: key (and, if none is given, subject) of another.

    `subject` is an RFC 4514 name, `issuer` another certificate of the recipe (none: self-signed),
    `valid` the first and the last moment. A leaf has `dns` names, a CA has `ca = true`.
    """

    valid: tuple[dt.datetime, dt.datetime]
    subject: str | None = None
    issuer: str | None = None
    key: str = "p256"  # a kind of `_factory_keys`
    key_of: str | None = None
    hash: str = "sha256"
    ca: bool = False
    path_length: int | None = None
    dns: tuple[str, ...] = ()
    key_usage: tuple[str, ...] | None = None  # fields of RFC 5280 4.2.1.3; by role if absent
    eku: tuple[str, ...] = ("serverAuth",)  # of leaves; empty: no extension
    permitted_dns: tuple[str, ...] = ()
    excluded_dns: tuple[str, ...] = ()
    must_staple: bool = False
    scts: int = 2  # certificate-transparency receipts of a leaf: stand-ins of real size
    padding_bytes: int = 0  # a private, non-critical extension of that size
    critical_oid: str | None = None  # an extension that nobody knows, marked critical


@dataclass(frozen=True, slots=True)
class Recipe:
    """Certificates by name, and the files to write: each a list of certificates, leaf first."""

    certificates: Mapping[str, CertificateRecipe]
    chains: Mapping[str, tuple[str, ...]]


def read_recipe(path: Path) -> Recipe:
    """Return the recipe in a TOML file; InputError names file, certificate and key."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is not TOML: {error}") from error
    try:
        return recipe_of(table)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def recipe_of(table: Mapping[str, Any]) -> Recipe:
    """Return the recipe in a table as of TOML; every name that it uses exists in it."""
    found = {name: _certificate(name, t) for name, t in table.get("certificate", {}).items()}
    chains = {name: tuple(members) for name, members in table.get("chain", {}).items()}
    for name in _mentioned(found, chains):
        if name not in found:
            raise UnknownNameError("certificate", name, found)
    return Recipe(found, chains)


def _certificate(name: str, table: Mapping[str, Any]) -> CertificateRecipe:
    known = [f.name for f in fields(CertificateRecipe)]
    for key in table:
        if key not in known:
            raise UnknownNameError(f"key of certificate {name}:", key, known)
    values: dict[str, Any] = {k: _frozen(v) for k, v in table.items()}
    try:
        one = CertificateRecipe(**values)
        first, last = one.valid
    except (TypeError, ValueError) as error:
        raise InputError(f"certificate {name}: needs valid = [first, last]") from error
    if first >= last:
        raise InputError(f"certificate {name}: ends at {last}, not after its start {first}")
    if one.subject is None and one.key_of is None:
        raise InputError(f"certificate {name}: needs a subject, or key_of another certificate")
    return one


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _mentioned(
    certificates: Mapping[str, CertificateRecipe], chains: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    for one in certificates.values():
        yield from (name for name in (one.issuer, one.key_of) if name is not None)
    for members in chains.values():
        yield from members
