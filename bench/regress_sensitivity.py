"""How sharp the gate of `simcert regress` is: 10 % more or less in each parameter of `adaptive`.

Each change is flown over the suite that is committed here (`simcert-baseline/`), on its days, and
judged by the gate. What the gate lets through in every scenario is then flown apart, on `DAYS`
other days of each, and is of consequence if there the mean paired difference of a figure is beyond
the suite's margin and its 95 % interval clear of zero, or if more days than the margin end
otherwise. That is a miss. Rows go to a table as they are flown, and are not flown twice.
"""

import argparse
import csv
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from functools import cache
from math import isfinite
from pathlib import Path

from bench._results import HOME, Bar, write
from simcert.lab import statistics as st
from simcert.lab.regress import flown
from simcert.lab.regress.judge import FLOORS, METRICS, judge, values
from simcert.lab.regress.record import Record
from simcert.lab.regress.suite import Suite
from simcert.lab.setup import prepare
from simcert.policy.adaptive import Adaptive

SUITE = Suite.read(HOME / "simcert-baseline")
DAYS, OTHER = 16, 1000
TABLE = HOME / "results" / "bench" / "regress_sensitivity.csv"
COLUMNS = (
    "flown", "parameter", "change", "scenario", "verdict", "days", "days_parted", "consequence",
)  # fmt: skip
Row = dict[str, str]
Plant = tuple[str, str, Adaptive]


def planted() -> Iterator[Plant]:
    """Yield parameter, change, policy: +10 % and -10 % of each number, as far as it is allowed."""
    base = Adaptive()
    for one in fields(Adaptive):
        value = getattr(base, one.name)
        if not isinstance(value, float) or value == 0.0:
            continue
        for sign in (1.1, 0.9):
            moved = min(value * sign, 0.999) if one.name == "top" else value * sign
            change = f"{100 * (moved / value - 1):+.0f} %"
            yield one.name, change, replace(base, **{one.name: moved})


def consequence(before: Record, after: Record, margin: float) -> str:
    """Return what differs by more than the margin."""
    found = [said for metric in METRICS if (said := _moved(before, after, metric, margin))]
    days = len(before.runs)
    flips = sum(a.end != b.end for a, b in zip(before.runs, after.runs, strict=True))
    if flips > margin * days:
        found.append(f"end on {flips} of {days} days")
    return "; ".join(found)


def _moved(before: Record, after: Record, metric: str, margin: float) -> str:
    pairs = zip(values(before, metric), values(after, metric), strict=True)
    both = [(a, b) for a, b in pairs if isfinite(a) and isfinite(b)]
    if not both:
        return ""
    mean = st.mean([a for a, _ in both]) or 0.0
    moved = st.mean([b - a for a, b in both]) or 0.0
    low, high = st.t_interval([b - a for a, b in both])
    clear = low is not None and high is not None and (low > 0 or high < 0)
    if not clear or abs(moved) <= max(margin * mean, FLOORS[metric]):
        return ""
    return f"{metric} {100 * moved / mean:+.0f} %" if mean else f"{metric} {moved:+.2g}"


@cache
def _defaults(scenario: str, seed: int, days: int) -> Record:
    return flown(prepare(scenario, Adaptive()), seed, days)


def at_the_gate(plant: Plant, scenario: str) -> Row:
    """Return the gate's verdict on a change, on the suite's days."""
    parameter, change, policy = plant
    before = _defaults(scenario, SUITE.seed, SUITE.runs)
    now = flown(prepare(scenario, policy), SUITE.seed, SUITE.runs)
    verdict = judge(before, now, SUITE.margin, 1).verdict
    return _row("gate", parameter, change, scenario, verdict, *_parted(before, now), "")


def apart(plant: Plant, scenario: str) -> Row:
    """Return what a change does on days that the gate has not seen."""
    parameter, change, policy = plant
    before = _defaults(scenario, OTHER, DAYS)
    now = flown(prepare(scenario, policy), OTHER, DAYS)
    said = consequence(before, now, SUITE.margin)
    return _row("apart", parameter, change, scenario, "", *_parted(before, now), said)


def _parted(before: Record, now: Record) -> tuple[str, str]:
    parted = sum(a.digest != b.digest for a, b in zip(before.runs, now.runs, strict=True))
    return str(len(before.runs)), str(parted)


def _row(*cells: str) -> Row:
    return dict(zip(COLUMNS, cells, strict=True))


def caught(rows: Sequence[Row]) -> set[tuple[str, str]]:
    """Return parameter and change of what the gate calls changed in some scenario."""
    return {(row["parameter"], row["change"]) for row in rows if row["verdict"] == "changed"}


def fly(rows: list[Row]) -> Iterator[Row]:
    """Yield every row that the table does not hold yet; the caller appends it to `rows`."""
    for scenario in SUITE.scenarios:
        for plant in planted():
            if not _known(rows, "gate", plant, scenario):
                yield at_the_gate(plant, scenario)
    for scenario in SUITE.scenarios:
        for plant in planted():
            if plant[:2] not in caught(rows) and not _known(rows, "apart", plant, scenario):
                yield apart(plant, scenario)


def _known(rows: Sequence[Row], kind: str, plant: Plant, scenario: str) -> bool:
    key = (kind, *plant[:2], scenario)
    return any(tuple(row[name] for name in COLUMNS[:4]) == key for row in rows)


def table(path: Path) -> list[Row]:
    """Return the rows of the table; none if there is no table."""
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return [*csv.DictReader(file)]


def bars(rows: Sequence[Row]) -> list[Bar]:
    """Return how many changes of consequence the gate lets through."""
    missed = {(row["parameter"], row["change"]) for row in rows if row["consequence"]}
    through = len([*planted()]) - len(caught(rows))
    said = "planted changes let through in every scenario, of consequence apart"
    return [Bar(said, len(missed - caught(rows)), 0, through)]


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    rows = table(TABLE)
    with TABLE.open("a", newline="") as file:
        out = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if not rows:
            out.writeheader()
        for row in fly(rows):
            out.writerow(row)
            file.flush()
            rows.append(row)
            print(*row.values(), sep=" | ", flush=True)
    write("regress_sensitivity", bars(rows), [SUITE.seed, OTHER], "adaptive")
