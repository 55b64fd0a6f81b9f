"""The schemas that editors use accept what simcert accepts, and are those of this code."""

import datetime as dt
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from simcert.lab.editor_schemas import HOME, SCHEMAS, texts

ROOT = Path(__file__).parents[2]
FILES = [
    *(("scenario", path) for path in sorted(ROOT.glob("scenarios/*.toml"))),
    *(("policy", path) for path in sorted(ROOT.glob("policies/*.toml"))),
    *(("live", path) for path in sorted(ROOT.glob("examples/*/live.toml"))),
    *(("suite", path) for path in sorted(ROOT.glob("**/simcert-baseline/suite.toml"))),
]
MISTAKES = [
    ("scenario", "schema = 2\n"),
    ("suite", "schema = 2\n"),
    ("scenario", "summry = 'x'\n"),
    ("scenario", "[traffic]\nconnections_per_sec = 1.0\n"),
    ("scenario", "[traffic]\nconnections_per_s = -1.0\n"),
    ("scenario", "[traffic]\nassignment = 'per_conection'\n"),
    ("scenario", "[[fault]]\nkind = 'poisonin'\n"),
    ("scenario", "[[fault]]\nkind = 'poisoning'\nfrm_s = 1.0\n"),
    ("scenario", "[[cohort]]\nclient = 'curl'\n"),
    ("policy", "policy = 'adaptve'\n"),
    ("policy", "policy = 'adaptive'\nalfa = 0.1\n"),
    ("policy", "policy = 'adaptive'\nalpha = 1.5\n"),
    ("live", "[haproxy]\nlistn = 'x'\n"),
    ("live", "[plan]\nslices = 100\n"),
    ("suite", "runs = 1\n"),
]
GOOD = {
    "scenario": "summary = 'x'\n[certificates]\nold = 'a'\nnew = 'b'\n",
    "policy": "",
    "live": "schema = 1\n[certificates]\nold = 'a'\nnew = 'b'\n",
    "suite": "scenarios = ['same_ca']\npolicies = ['adaptive']\n",
}


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value.isoformat() if isinstance(value, dt.datetime) else value


def check(kind: str, text: str) -> None:
    schema = json.loads((HOME / f"{kind}.json").read_text())
    jsonschema.Draft7Validator(schema).validate(plain(tomllib.loads(text)))


def test_the_committed_schemas_are_those_of_this_code() -> None:
    committed = {path.name: path.read_text() for path in HOME.iterdir()}

    assert committed == texts(), "python -m simcert.lab.editor_schemas writes them anew"


@pytest.mark.parametrize("kind", SCHEMAS)
def test_they_are_schemas(kind: str) -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMAS[kind]())


@pytest.mark.parametrize(
    ("kind", "path"), FILES, ids=lambda x: x.stem if isinstance(x, Path) else x
)
def test_every_file_that_is_shipped_is_valid(kind: str, path: Path) -> None:
    check(kind, path.read_text())


@pytest.mark.parametrize("kind", GOOD)
def test_the_least_file_is_valid(kind: str) -> None:
    check(kind, GOOD[kind] or "policy = 'adaptive'\n")


@pytest.mark.parametrize(("kind", "mistake"), MISTAKES)
def test_mistakes_are_marked(kind: str, mistake: str) -> None:
    first, table = (mistake, "") if mistake[0] != "[" else ("", mistake)

    with pytest.raises(jsonschema.ValidationError):
        check(kind, first + GOOD[kind] + table)


def misspelt(value: Any) -> Iterator[Any]:
    """Return the value once for each key in it, with one letter too many behind that key."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inside in pairs:
        if isinstance(value, dict):
            yield {k + "x" * (k == key): one for k, one in value.items()}
        if isinstance(inside, dict | list):
            for wrong in misspelt(inside):
                changed = dict(value) if isinstance(value, dict) else list(value)
                changed[key] = wrong
                yield changed


@pytest.mark.parametrize(("kind", "path"), FILES, ids=lambda one: getattr(one, "name", one))
def test_any_key_with_a_letter_too_many_is_marked(kind: str, path: Path) -> None:
    schema = jsonschema.Draft7Validator(json.loads((HOME / f"{kind}.json").read_text()))
    wrong = [*misspelt(plain(tomllib.loads(path.read_text())))]

    assert wrong
    assert not [one for one in wrong if schema.is_valid(one)]


def test_keys_are_explained() -> None:
    keys = SCHEMAS["scenario"]()["properties"]["certificates"]["properties"]

    assert keys["host"]["description"] == "name that clients ask for; first SAN of the new leaf"
    assert "description" not in keys["new"]
