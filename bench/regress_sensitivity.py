"""How sharp, and how quiet, the gate of `simcert regress` is.

`sharp`: each parameter of `adaptive` is moved by +10 % and by -10 % and flown against a record of
the defaults, on the recorded days. What has a consequence is measured apart, on as many other
days: the 95 % interval of a paired difference lies wholly outside the margin, or ends differ in
more than a tenth of the days. A case with a consequence that the gate lets through is a miss.

`quiet`: an unchanged suite is flown 200 times on other days; each case called `changed` is an
alarm.
"""

import argparse
import csv
from collections.abc import Iterator
from dataclasses import fields, replace
from math import isfinite
from pathlib import Path
from typing import Any

from bench._results import Bar, write
from simcert.lab import statistics as st
from simcert.lab.regress import flown
from simcert.lab.regress_judge import ENDS, FLOORS, METRICS, judge, values
from simcert.lab.regress_record import Record
from simcert.lab.setup import Setup, prepare
from simcert.policy.adaptive import Adaptive

ROOT = Path(__file__).parents[1]
SHARP = ("rare_segment", "same_ca_mobile", "android_root_missing", "rsa_to_ecdsa")
QUIET = (
    ("android_root_missing", "adaptive"),
    ("pinned_app", "adaptive"),
    ("same_ca_mobile", "fixed_canary"),
    ("same_ca_mobile", "sprt_risk"),
)
MARGIN, RUNS, SEED, OTHER = 0.05, 12, 1, 1000


def planted() -> Iterator[tuple[str, str, Adaptive]]:
    """Yield parameter, change, policy: +10 % and -10 % of each number, as far as it is allowed."""
    base = Adaptive()
    for one in fields(Adaptive):
        value = getattr(base, one.name)
        if not isinstance(value, float) or value == 0.0:
            continue
        for sign in (1.1, 0.9):
            moved = min(value * sign, 0.999) if one.name == "top" else value * sign
            yield (
                one.name,
                f"{100 * (moved / value - 1):+.0f} %",
                replace(base, **{one.name: moved}),
            )


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


def sharp() -> list[Bar]:
    """Return how many consequences went through, after writing every case into a table."""
    rows: list[dict[str, Any]] = []
    for scenario in SHARP:
        base = prepare(scenario, Adaptive())
        recorded, elsewhere = flown(base, SEED, RUNS), flown(base, OTHER, RUNS)
        for parameter, change, policy in planted():
            setup = prepare(scenario, policy)
            case = judge(recorded, flown(setup, SEED, RUNS), MARGIN, 1)
            said = consequence(elsewhere, flown(setup, OTHER, RUNS))
            row = {"parameter": parameter, "change": change, "scenario": scenario,
                   "verdict": case.verdict, "consequence": said}  # fmt: skip
            rows.append(row)
            print(*row.values(), sep=" | ", flush=True)
    path = ROOT / "results" / "bench" / "regress_sensitivity.csv"
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    real = [row for row in rows if row["consequence"]]
    missed = [row for row in real if row["verdict"] != "changed"]
    plants = {(row["parameter"], row["change"]) for row in real}
    caught = {(row["parameter"], row["change"]) for row in rows if row["verdict"] == "changed"}
    return [
        Bar(
            "planted 10 % with a consequence, not caught anywhere",
            len(plants - caught),
            0,
            len(plants),
        ),
        Bar("cases with a consequence, not caught where it is", len(missed), 0, len(real)),
    ]


def quiet(reruns: int) -> list[Bar]:
    """Return how many alarms an unchanged suite raised."""
    setups = [prepare(scenario, policy) for scenario, policy in QUIET]
    recorded = [flown(setup, SEED, RUNS) for setup in setups]
    alarms = sum(_alarms(setups, recorded, OTHER + n) for n in range(reruns))
    same = sum(_alarms(setups, recorded, SEED) for _ in range(2))
    return [
        Bar(f"alarms of {reruns} unchanged reruns on other days", alarms, 2, reruns),
        Bar("alarms of unchanged reruns on the recorded days", same, 0, 2),
    ]


def _alarms(setups: list[Setup], recorded: list[Record], seed: int) -> int:
    pairs = zip(setups, recorded, strict=True)
    cases = [judge(was, flown(setup, seed, RUNS), MARGIN, len(setups)) for setup, was in pairs]
    wrong = [case for case in cases if case.verdict == "changed"]
    for case in wrong:
        print(f"alarm on seed {seed}: {case.scenario} {case.policy} {case.changed}", flush=True)
    return len(wrong)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reruns", type=int, default=200)
    arguments = parser.parse_args()
    bars = [*sharp(), *quiet(arguments.reruns)]
    write("regress_sensitivity", bars, [SEED, *range(OTHER, OTHER + arguments.reruns)], "adaptive")
