"""A policy by what a user types: a stem, `name:key=value,...`, a TOML file, or a .py file.

In a TOML file, `policy` is the stem and every other key a parameter; types and bounds are those of
the policy's own dataclass.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simcert import policy as catalogue
from simcert.errors import ContractError, InputError, UnknownNameError
from simcert.model import Policy, discovery
from simcert.model.plugins import GROUPS
from simcert.scenario.files import no_such, parsed
from simcert.scenario.lines import LineFinder
from simcert.scenario.strict import Problems, build


def parse(text: str | Path) -> Policy:
    """Return the policy; InputError or UnknownNameError says which name or parameter is wrong."""
    if str(text).endswith(".toml"):
        return _from_file(Path(text))
    stem, _, arguments = str(text).partition(":")
    if stem.endswith(".py"):
        return _outside(stem, _arguments(str(text), arguments), str(text))
    if stem not in (known := catalogue.discover()):
        raise no_such("policy", stem, known, ".toml or .py")
    return _made(stem, _arguments(str(text), arguments), Problems(str(text), LineFinder()))


def made(stem: str, params: Mapping[str, Any], place: str) -> Policy:
    """Return the policy that a journal or file at `place` describes; null stands for a default."""
    given = {key: value for key, value in params.items() if value is not None}
    return _made(stem, given, Problems(place, LineFinder()))


def label(text: str | Path) -> str:
    """Return how results call this policy: the text itself, or the stem of its file."""
    if str(text).endswith(".toml"):
        return Path(text).stem
    stem, _, arguments = str(text).partition(":")
    name = Path(stem).stem if stem.endswith(".py") else stem
    return f"{name}:{arguments}" if arguments else name


def _outside(path: str, table: dict[str, Any], place: str) -> Policy:
    """Return the policy whose class stands in somebody's own file, which is run."""
    try:
        cls = discovery.class_in_file(Path(path))
    except ContractError as error:  # who flies a policy is not who wrote it
        raise InputError(f"{error}; `simcert check {path}` says more") from error
    _, _, needs = GROUPS["simcert.policy"]
    lacking = [name for name in (*needs, "__dataclass_fields__") if not hasattr(cls, name)]
    if lacking:
        raise InputError(
            f"{path}: {cls.__name__} is no policy, it has no {', no '.join(lacking)}; "
            f"`simcert check {path}` says more"
        )
    return _built(cls, table, Problems(place, LineFinder()))


def _from_file(path: Path) -> Policy:
    table, lines = parsed(path)
    if not isinstance(table.get("policy"), str):
        what = "must be a text" if "policy" in table else "is missing"
        raise InputError(f'{path}: key "policy" {what}; give a stem, like policy = "adaptive"')
    return _made(table.pop("policy"), table, Problems(str(path), lines))


def _made(stem: str, table: dict[str, Any], problems: Problems) -> Policy:
    known = catalogue.discover()
    if stem not in known:
        raise UnknownNameError("policy", stem, known)
    return _built(known[stem], table, problems)


def _built(cls: type, table: dict[str, Any], problems: Problems) -> Policy:
    policy: Policy | None = build(cls, table, "", problems)
    problems.check()
    assert policy is not None  # nothing was found wrong
    return policy


def _arguments(text: str, arguments: str) -> dict[str, Any]:
    pairs = [pair.partition("=") for pair in _split(arguments)]
    bad = [key for key, equals, _ in pairs if not equals or not key.strip()]
    if bad:
        raise InputError(f'{text}: "{bad[0]}" is not key=value; write name:key=value,key=value')
    keys = [key.strip() for key, _, _ in pairs]
    if twice := [key for key in keys if keys.count(key) > 1]:
        raise InputError(f'{text}: "{twice[0]}" stands there twice; give it once')
    return {key.strip(): _value(raw.strip()) for key, _, raw in pairs}


def _split(arguments: str) -> list[str]:
    """Split at commas that are not inside brackets."""
    parts, depth = [""], 0
    for letter in arguments:
        depth += (letter == "[") - (letter == "]")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part for part in parts if part]


def _value(raw: str) -> object:
    """Return a TOML value; what is none is a text that needs no quotes."""
    try:
        return tomllib.loads(f"value = {raw}")["value"]
    except (ValueError, RecursionError):  # of very many digits, or brackets
        return raw
