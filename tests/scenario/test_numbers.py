"""Whatever number a scenario holds: it is refused with its key and bound, or flown without a fault.

The numbers are found in the schema that editors read, so a new key is judged without being listed.
"""

import copy
import json
import re
from collections.abc import Iterator
from math import inf, isfinite
from pathlib import Path
from typing import Any

import pytest

from simcert import lab
from simcert.errors import InputError
from simcert.lab.editor_schemas import scenario as schema
from simcert.lab.setup import prepare
from simcert.scenario import load_scenario

CHAINS = Path(__file__).parents[2] / "scenarios" / "chains"
COHORT: dict[str, Any] = {"client": "profile:app_android_7_0", "share": 0.5}
WORLD: dict[str, Any] = {
    "summary": "Half of the clients break, come back, and are asked.",
    "certificates": {
        "old": str(CHAINS / "le_cross_signed_2021.pem"),
        "new": str(CHAINS / "le_x1_signed.pem"),
        "at": "2021-02-01T00:00:00Z",
    },
    "traffic": {"connections_per_s": 5.0, "horizon_s": 300.0, "clients": 500},
    "analysis": {"slices": 2},
    "population": {
        "background": {"rate": 0.02},
        "retry": {"probability": 0.5},
        "reports": {"share": 0.5},
    },
    "cohort": [COHORT | {"name": "a"}, COHORT | {"client": "curl"}],
    "probes": {"cohorts": ["a"]},
    "lifecycle": [{"event": "issue"}],
}
BESIDE: dict[str, dict[str, Any]] = {  # keys without which another one has no meaning
    "traffic.connections_per_s": {"population.retry.probability": 0.0},
    "traffic.horizon_s": {"traffic.connections_per_s": 0.001, "analysis.window_s": 86_400.0},
    "traffic.ticket_life_s": {"traffic.resumption": 0.2},
    "cohort[0].share": {"population.mix": "web"},
    "population.scale": {"population.mix": "web", "cohort": [], "probes": {"cohorts": []}},
    "cohort[0].arrivals.pulse_width_s": {"cohort[0].arrivals.pulse_at_h": 0.01},
    "cohort[0].arrivals.pulse_period_s": {
        "cohort[0].arrivals.pulse_at_h": 0.01,
        "cohort[0].arrivals.pulse_width_s": 20.0,
    },
    "cohort[0].retry.growth": {"cohort[0].retry.probability": 0.9},
    "cohort[0].retry.delay_s": {"cohort[0].retry.probability": 0.9},
    "cohort[0].retry.attempts_max": {"cohort[0].retry.probability": 0.9},
    "cohort[0].reports.delay_s": {"cohort[0].reports.share": 1.0},
}
NO_NUMBERS = [True, "1", [], {}, "nan"]
Place = tuple[str, dict[str, Any]]


def numbers(table: dict[str, Any], path: str = "") -> Iterator[Place]:
    """Return the dotted path of every number in a table of a JSON schema, and its own schema."""
    for key, one in table.get("properties", {}).items():
        place = f"{path}.{key}" if path else key
        if one.get("type") == "array":
            one, place = one["items"], f"{place}[0]"
        for kind in one.get("oneOf", [one]):
            named = kind.get("properties", {}).get("kind", {}).get("const")
            yield from numbers(kind, f"{place}:{named}" if named else place)
        if isinstance(rest := one.get("additionalProperties"), dict):
            yield f"{place}.hang", rest
        if one.get("type") in ("number", "integer"):
            yield place, one


PLACES = dict(numbers(schema()))


def put(table: dict[str, Any], path: str, value: object) -> None:
    """Set a value at a dotted path, making the tables above it."""
    *above, last = path.replace("]", "").split(".")
    here: Any = table
    for part in above:
        name, _, index = part.partition("[")
        if not index:
            here = here.setdefault(name, {})
            continue
        number, _, kind = index.partition(":")
        rows = here.setdefault(name, [{}])
        here = rows[int(number)]
        if kind:
            here["kind"] = kind
    here[last] = value


def toml(value: object) -> str:
    """Return a value as TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str | bool):
        return json.dumps(value)
    return hex(value) if isinstance(value, int) and value > 2**64 else repr(value)


def written(folder: Path, path: str, value: object) -> Path:
    """Return the file of a small scenario that says `value` at `path`."""
    table = copy.deepcopy(WORLD)
    for place, beside in BESIDE.get(path, {}).items():
        put(table, place, beside)
    put(table, path, value)
    if path.endswith(".hang") and isinstance(value, float) and 0.0 <= value <= 1.0:
        put(table, path.replace(".hang", ".close"), 1.0 - value)
    file = folder / "it.toml"
    file.write_text("".join(f"{key} = {toml(one)}\n" for key, one in table.items()))
    return file


def limits(one: dict[str, Any]) -> tuple[float, float]:
    """Return the bounds of a number's schema."""
    low = one.get("minimum", one.get("exclusiveMinimum", -inf))
    return low, one.get("maximum", one.get("exclusiveMaximum", inf))


def beyond(one: dict[str, Any]) -> list[object]:
    """Return numbers that lie outside the bounds, and what is no number at all."""
    low, high = limits(one)
    huge = [1e300, 10**400, 1 << 20_000] if isfinite(high) else []
    edges = [one[key] for key in ("exclusiveMinimum", "exclusiveMaximum") if key in one]
    step = 1 if one["type"] == "integer" else 1e-9
    near = [low - step * max(abs(low), 1.0), high + step * max(abs(high), 1.0)]
    found = [*huge, *edges, *near, -1e300, float("nan"), -inf, *([inf] if huge else [])]
    return [*NO_NUMBERS, *(v for v in found if v != inf or huge)]


def within(one: dict[str, Any]) -> list[float]:
    """Return the bounds, as far as they are allowed themselves, and numbers inside of them."""
    kind = int if one["type"] == "integer" else float
    low, high = limits(one)
    found = {kind(v) for v in (low, high) if isfinite(v)} | {kind(0), kind(1)}
    if kind is float:
        found |= {1e-300, 1e-9, (high if isfinite(high) else 1.0) * (1.0 - 1e-12), 1e300}
    outside = {one.get("exclusiveMinimum"), one.get("exclusiveMaximum")}
    return sorted(v for v in found if low <= v <= high and v not in outside)


def test_every_number_of_the_schema_has_bounds() -> None:
    """Only the end of an incident may be infinite: then it has none."""
    free = {path for path, one in PLACES.items() if not all(map(isfinite, limits(one)))}

    assert len(PLACES) > 90
    assert {path.rpartition(".")[2] for path in free} == {"until_s"}
    assert all(isfinite(limits(PLACES[path])[0]) for path in free)


@pytest.mark.parametrize("path", PLACES)
def test_what_lies_beyond_is_refused_once_with_key_and_bound(path: str, tmp_path: Path) -> None:
    key = re.sub(":[a-z_]+", "", path)
    for value in beyond(PLACES[path]):
        with pytest.raises(InputError) as caught:
            load_scenario(written(tmp_path, path, value))
        said = str(caught.value)
        assert said.startswith(f"{tmp_path / 'it.toml'}:"), value
        assert f"{key}: " in said, value
        assert said.count("\n") == 0, said
        assert len(said) < 600


@pytest.mark.parametrize("path", PLACES)
def test_what_lies_within_is_flown_or_refused_in_words(path: str, tmp_path: Path) -> None:
    """Refused is what only disagrees with another number; shares that sum to more than 1, say."""
    for value in within(PLACES[path]):
        for fidelity in ("counts", "records"):
            try:
                scenario = load_scenario(written(tmp_path, path, value))
                flown = lab.run(scenario, "adaptive", fidelity=fidelity)
            except InputError:
                continue

            json.dumps(flown.to_dict(), allow_nan=False)  # no figure is nan or infinite
            assert flown.score.harmed_connections <= flown.score.connections


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("traffic.connections_per_s", 115_740.0),  # 1e10 a day
        ("traffic.connections_per_s", 1e6),
        ("traffic.clients", 1_000_000_000),
        ("traffic.horizon_s", 56 * 86_400.0),
        ("analysis.window_s", 2.0),
        ("analysis.window_s", 3_600.0),
        ("analysis.old_until_s", 10 * 366 * 86_400.0),  # of a private CA
        ("cohort[0].arrivals", {"pulse_at_h": 0.0, "pulse_period_s": 60.0, "pulse_width_s": 5.0}),
    ],
)
def test_what_large_sites_have_is_not_refused(path: str, value: object, tmp_path: Path) -> None:
    traffic = {"connections_per_s": 115_740.0, "horizon_s": 13 * 86_400.0}
    world = copy.deepcopy(WORLD) | {"traffic": traffic}
    put(world, path, value)
    file = tmp_path / "it.toml"
    file.write_text("".join(f"{key} = {toml(one)}\n" for key, one in world.items()))

    assert prepare(file, "adaptive", "counts").spec.connections_per_s >= 115_740.0
