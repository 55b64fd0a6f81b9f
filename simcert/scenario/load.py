"""A scenario file on disk becomes a checked `Scenario`; every fault of the file is told at once."""

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from simcert.errors import InputError
from simcert.model.given import shown
from simcert.model.outcome import ALERTS, OK, is_outcome
from simcert.scenario.files import no_such, parsed, path_of
from simcert.scenario.schema import SCHEMA, BackgroundTable, Scenario
from simcert.scenario.sizes import check_sizes
from simcert.scenario.strict import Problems, build, hint
from simcert.world import faults

_PACKAGE = Path(__file__).parent.parent
FOLDERS = (_PACKAGE / "scenarios", _PACKAGE.parent / "scenarios")  # in the wheel; in a checkout
_HIDDEN = {"faults", "stem", "folder"}  # fields that are no keys


def stems() -> dict[str, Path]:
    """Return the built-in scenarios, by stem."""
    found = [p for folder in reversed(FOLDERS) for p in sorted(folder.glob("*.toml"))]
    return {p.stem: p for p in found}


def load_scenario(name: str | Path) -> Scenario:
    """Return the scenario in a file, or the built-in one of that stem.

    InputError lists all that is wrong with the file, in order of lines; UnknownNameError offers the
    nearest built-in stem.
    """
    path = locate(name)
    table, lines = parsed(path)
    problems = Problems(str(path), lines)
    scenario = _build(table, problems)
    problems.check()
    assert scenario is not None  # nothing was found wrong
    return replace(scenario, stem=path.stem, folder=path.parent)


def locate(name: str | Path) -> Path:
    """Return the file of a path or of a built-in stem."""
    path = path_of("a scenario", name)
    if str(name) == "":
        raise no_such("scenario", "", (), ".toml")
    if path.suffix == ".toml" or path.parent != Path():
        if wrong := _no_file(path):
            raise InputError(f"{shown(path)}: {wrong}; built-in: {', '.join(stems())}")
        return path
    known = stems()
    if path.name not in known:
        raise no_such("scenario", str(name), known, ".toml")
    return known[path.name]


def _no_file(path: Path) -> str:
    """Return why a path is no file; nothing if it may be one."""
    try:
        if path.is_dir():
            return "is a folder, no scenario file"
        return "" if path.exists() else "no such scenario file"
    except OSError as error:  # of a name too long
        return f"no such scenario file ({error.strerror})"


def _build(table: dict[str, Any], problems: Problems) -> Scenario | None:
    for key in _HIDDEN & table.keys():
        problems.add(key, f'unknown key "{key}"; {hint(key, _keys())}')
        del table[key]
    made = _faults(table.pop("fault", []), problems)
    before = len(problems.found)
    scenario: Scenario | None = build(Scenario, table, "", problems)
    if len(problems.found) == before and scenario is not None:
        scenario = replace(scenario, faults=made)
        _check(scenario, problems)
        return scenario
    return None


def _keys() -> list[str]:
    return [f.name for f in fields(Scenario) if f.name not in _HIDDEN] + ["fault"]


def _faults(tables: object, problems: Problems) -> tuple[object, ...]:
    """Return a value of `world/faults/<kind>.py` per table: a new fault needs no registration."""
    if not isinstance(tables, list):
        problems.add("fault", "must be an array of tables: [[fault]]")
        return ()
    return tuple(_fault(one, f"fault[{i}]", problems) for i, one in enumerate(tables))


def _fault(table: Mapping[str, object], path: str, problems: Problems) -> object:
    known = faults.discover()
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in known:
        near = hint(kind, list(known)) if isinstance(kind, str) else f"known: {', '.join(known)}"
        problems.add(f"{path}.kind", f'unknown fault "{kind}"; {near}')
        return None
    if isinstance(outcome := table.get("outcome"), str):
        _check_outcome(f"{path}.outcome", outcome, problems)
    return build(known[kind], {k: v for k, v in table.items() if k != "kind"}, path, problems)


def _check(scenario: Scenario, problems: Problems) -> None:
    """Note what only shows when tables are seen together."""
    if scenario.schema != SCHEMA:
        problems.add("schema", f"this version reads schema {SCHEMA}, got {scenario.schema}")
    _check_shares(scenario, problems)
    names = [one.name or one.client for one in scenario.cohort]
    for i, name in enumerate(names):
        if name in names[:i]:
            problems.add(f"cohort[{i}]", f'second cohort named "{name}"; give it a `name`')
    _check_times(scenario, problems)
    check_sizes(scenario, problems)
    _check_background("population.background", scenario.population.background, problems)
    for i, one in enumerate(scenario.cohort):
        if one.background is not None:
            _check_background(f"cohort[{i}].background", one.background, problems)


def _check_shares(scenario: Scenario, problems: Problems) -> None:
    mix, own = scenario.population, sum(one.share for one in scenario.cohort)
    if mix.mix is None and mix.scale is not None:
        problems.add("population.scale", "has no meaning without `mix`")
    if mix.mix is None and not scenario.cohort:
        problems.add("population", "no clients: give a `mix`, or [[cohort]] tables")
        return
    fills = mix.mix is not None and mix.scale is None and own < 1.0
    total = 1.0 if fills else own + (mix.scale or 0.0 if mix.mix else 0.0)
    if abs(total - 1.0) > 1e-6:
        parts = " and `population.scale`" if mix.scale is not None else ""
        place = "cohort[0].share" if scenario.cohort else "population.scale"
        problems.add(place, f"shares of cohorts{parts} sum to {total:.9g}, must sum to 1")


def _check_times(scenario: Scenario, problems: Problems) -> None:
    horizon_s, deadline_s = scenario.traffic.horizon_s, scenario.analysis.deadline_s
    if scenario.analysis.window_s > horizon_s:
        problems.add("analysis.window_s", f"is longer than the horizon of {horizon_s:g} s")
    if deadline_s is not None and deadline_s > horizon_s:
        problems.add("analysis.deadline_s", f"lies behind the horizon of {horizon_s:g} s")


def _check_background(path: str, background: BackgroundTable, problems: Problems) -> None:
    for name, _ in background.outcomes:
        _check_outcome(f"{path}.outcomes", name, problems)


def _check_outcome(path: str, name: str, problems: Problems) -> None:
    if not is_outcome(name):
        kind, colon, _ = name.partition(":")
        plain = [OK, "close", "ok_then_close", "hang"]
        forms = [f"{kind}:{alert}" for alert in ALERTS] if colon else plain
        problems.add(path, f'unknown outcome "{name}"; {hint(name, forms)}')
