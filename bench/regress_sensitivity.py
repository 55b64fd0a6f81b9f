"""How sharp the gate of `simcert regress` is: 10 % more or less in each parameter of `adaptive`.

Each is flown against a record of the defaults, on the recorded days. What has a consequence is
measured apart, on as many other days: the 95 % interval of a paired difference lies wholly outside
the margin, or ends differ in more than a tenth of the days. A case with a consequence that the gate
lets through is a miss. Rows go to a table as they are flown, and are not flown twice.
"""

import argparse
import csv
from collections.abc import Iterator
from dataclasses import fields, replace
from math import isfinite
from pathlib import Path

from bench._results import HOME, Bar, write
from simcert.lab import statistics as st
from simcert.lab.regress import flown
from simcert.lab.regress.judge import ENDS, FLOORS, METRICS, judge, values
from simcert.lab.regress.record import Record
from simcert.lab.setup import prepare
from simcert.policy.adaptive import Adaptive

SCENARIOS = ("rare_segment", "android_root_missing", "same_ca_mobile", "rsa_to_ecdsa")
MARGIN, RUNS, SEED, OTHER = 0.05, 12, 1, 1000
TABLE = HOME / "results" / "bench" / "regress_sensitivity.csv"
COLUMNS = ("parameter", "change", "scenario", "verdict", "consequence")
Row = dict[str, str]


def planted() -> Iterator[tuple[str, str, Adaptive]]:
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


def consequence(before: Record, after: Record) -> str:
    """Return the figures that differ by more than the margin, beyond doubt."""
    found = []
    for metric in METRICS:
        pairs = [*zip(values(before, metric), values(after, metric), strict=True)]
        both = [(a, b) for a, b in pairs if isfinite(a) and isfinite(b)]
        margin = max(MARGIN * (st.mean([a for a, _ in both]) or 0.0), FLOORS[metric])
        low, high = st.t_interval([b - a for a, b in both])
        if low is not None and high is not None and (low > margin or high < -margin):
            found.append(metric)
    for metric in ENDS:
        pairs = [*zip(values(before, metric), values(after, metric), strict=True)]
        if sum(a != b for a, b in pairs) > len(pairs) / 10:
            found.append(f"{metric}_share")
    return " ".join(found)


def fly(scenario: str, done: list[Row]) -> Iterator[Row]:
    """Yield a row for each planted change that the table does not hold yet."""
    base = prepare(scenario, Adaptive())
    known = {(row["parameter"], row["change"]) for row in done if row["scenario"] == scenario}
    todo = [plant for plant in planted() if plant[:2] not in known]
    if not todo:
        return
    recorded, elsewhere = flown(base, SEED, RUNS), flown(base, OTHER, RUNS)
    for parameter, change, policy in todo:
        setup = prepare(scenario, policy)
        verdict = judge(recorded, flown(setup, SEED, RUNS), MARGIN, 1).verdict
        said = consequence(elsewhere, flown(setup, OTHER, RUNS))
        yield dict(zip(COLUMNS, (parameter, change, scenario, verdict, said), strict=True))


def table(path: Path) -> list[Row]:
    """Return the rows of the table; none if there is no table."""
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return [*csv.DictReader(file)]


def bars(rows: list[Row]) -> list[Bar]:
    """Return how many consequences went through."""
    real = [row for row in rows if row["consequence"]]
    missed = [row for row in real if row["verdict"] != "changed"]
    plants = {(row["parameter"], row["change"]) for row in real}
    caught = {(row["parameter"], row["change"]) for row in rows if row["verdict"] == "changed"}
    return [
        Bar("planted changes with a consequence, not caught", len(plants - caught), 0, len(plants)),
        Bar("cases with a consequence, not caught where it is", len(missed), 0, len(real)),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="*", default=SCENARIOS)
    scenarios = parser.parse_args().scenarios
    rows = table(TABLE)
    with TABLE.open("a", newline="") as file:
        out = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if not rows:
            out.writeheader()
        for row in (row for scenario in scenarios for row in fly(scenario, [*rows])):
            out.writerow(row)
            file.flush()
            rows.append(row)
            print(*row.values(), sep=" | ", flush=True)
    write("regress_sensitivity", bars(rows), [SEED, OTHER], "adaptive")
