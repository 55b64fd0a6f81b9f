"""Whether `adaptive` sits on a front: half and double of each of its numbers, over the library.

Every change flies the same days as the defaults, in all scenarios that have a law in cells of
counts. A line of the table is one change: harm and time as geometric means of the ratios to the
defaults (1 + value), and the scenarios whose paired 95 % interval lies on one side of 1. A number
that wants to be moved would show less of both. Days are kept, and not flown twice.
"""

import argparse
import csv
from collections.abc import Iterator
from dataclasses import replace
from math import exp, log
from pathlib import Path

from bench._results import HOME
from simcert.lab.folder import ResultFolder
from simcert.lab.setup import prepare
from simcert.lab.tune.days import Flyer
from simcert.lab.tune.score import Story
from simcert.lab.tune.verdict import Comparison, compared
from simcert.policy.adaptive import Adaptive
from simcert.scenario import stems

SEED, DAYS, FACTORS = 41, 8, (2.0, 0.5)
TABLE = HOME / "results" / "bench" / "adaptive_front.csv"
NUMBERS = (
    *("mid", "budget", "overshoot", "delta_safe", "alpha_bound", "alpha_again"),
    *("hold_e", "hold_segment_e", "hold_alert_e", "suspicious_segment_e", "suspicious_e"),
    *("back_off", "back_off_windows", "hold_windows"),
    *("failure_limit", "alert_limit", "segment_limit"),
)
HEAD = ("parameter", "factor", "harm", "time", "better", "worse")


def changes() -> Iterator[tuple[str, float, Adaptive]]:
    """Yield parameter, factor, policy."""
    base = Adaptive()
    for name in NUMBERS:
        for factor in FACTORS:
            value = getattr(base, name) * factor
            changed = min(value, 0.9) if name in ("mid", "back_off") else value
            yield name, factor, replace(base, **{name: changed})


def line(name: str, factor: float, found: list[Comparison]) -> dict[str, str]:
    """Return the line of one change."""
    told = {"parameter": name, "factor": f"{factor:g}"}
    for key, metric in (("harm", "harmed_connections"), ("time", "minutes_to_full")):
        ratios = [log(one.ratio) for one in found if one.metric == metric]
        told[key] = f"{exp(sum(ratios) / len(ratios)):.3f}"
    for verdict in ("better", "worse"):
        told[verdict] = " ".join(one.scenario for one in found if one.verdict == verdict)
    return told


def main() -> None:
    """Fly what is missing, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=Path, default=HOME / "results" / "adaptive_front")
    parser.add_argument("--out", type=Path, default=TABLE)
    asked = parser.parse_args()
    base = Adaptive()
    setups = [prepare(path, base) for _, path in sorted(stems().items())]
    setups = [one for one in setups if one.fidelity == "counts"]
    stories = [Story.of(one) for one in setups]
    asked.days.mkdir(parents=True, exist_ok=True)
    flyer = Flyer(ResultFolder(asked.days), 1, lambda _: None)
    usual = flyer.fly(setups, {"defaults": base}, SEED, 0, DAYS)["defaults"]
    with asked.out.open("w", newline="") as file:
        table = csv.DictWriter(file, HEAD, lineterminator="\n")
        table.writeheader()
        for name, factor, policy in changes():
            label = f"{name}x{factor:g}"
            flown = flyer.fly(setups, {label: policy}, SEED, 0, DAYS)[label]
            row = line(name, factor, compared(stories, flown, usual))
            table.writerow(row)
            file.flush()
            print(*row.values(), flush=True)


if __name__ == "__main__":
    main()
