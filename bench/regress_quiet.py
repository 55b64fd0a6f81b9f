"""How quiet the gate of `simcert regress` is: an unchanged suite, flown 200 times on other days.

Every case called `changed` is an alarm; the recorded days are flown again, too, and raise none.
"""

import argparse

from bench._results import Bar, write
from simcert.lab.regress import flown
from simcert.lab.regress.judge import judge
from simcert.lab.regress.record import Record
from simcert.lab.setup import Setup, prepare

SUITE = (
    ("android_root_missing", "adaptive"),
    ("pinned_app", "adaptive"),
    ("same_ca_mobile", "fixed_canary"),
)
MARGIN, RUNS, SEED, OTHER = 0.05, 12, 1, 1000


def alarms(setups: list[Setup], recorded: list[Record], seed: int) -> int:
    """Return how many cases of the suite are called changed on the days of `seed`."""
    pairs = zip(setups, recorded, strict=True)
    cases = [judge(was, flown(setup, seed, RUNS), MARGIN, len(setups)) for setup, was in pairs]
    wrong = [case for case in cases if not case.fine]
    for case in wrong:
        print(f"alarm on seed {seed}: {case.scenario} {case.policy} {case.changed}", flush=True)
    return len(wrong)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reruns", type=int, default=200)
    reruns = parser.parse_args().reruns
    setups = [prepare(scenario, policy) for scenario, policy in SUITE]
    recorded = [flown(setup, SEED, RUNS) for setup in setups]
    others = sum(alarms(setups, recorded, OTHER + n) for n in range(reruns))
    same = alarms(setups, recorded, SEED)
    bars = [
        Bar("alarms of unchanged reruns on other days", others, 2, reruns),
        Bar("alarms of an unchanged rerun on the recorded days", same, 0, 1),
    ]
    write("regress_quiet", bars, [SEED, *range(OTHER, OTHER + reruns)], "adaptive")
