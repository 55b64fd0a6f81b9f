"""Bar 3, whole library: does a rival dominate? `python -m bench.evidence.rivals`.

Every story is flown by `adaptive` and by every rival in its documented and its tuned setting, on
the same seeds. A rival dominates if it harms fewer in some story that breaks (paired difference,
Holm over all comparisons, 5 %) while over the good stories neither its false rollbacks nor its
median time to full are worse. A round is five seeds of every story; of the slow ones (`records`)
three, in the first round and in every tenth after it. A story takes part once all its policies
have flown it. Finished cells are kept on disk, so the command goes on where it stopped;
four rounds take about 25 minutes of one core. `--check` first flies the first day of every story
again (two minutes), and forgets what a changed policy, or its world, had flown.
"""

import argparse
import json
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from math import inf
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from scipy.stats import binom, ttest_rel

from bench.evidence import cells, record
from bench.evidence.record import Bar
from simcert.lab.compare.batch import Task, fly
from simcert.lab.setup import Setup, prepare_all
from simcert.scenario import stems

PER_ROUND, PER_SLOW_ROUND, ROUNDS, SLOW = 5, 3, 10, 10
ROOT = 9_300  # of fresh days
ROUNDS_MAX = 1000
OWN = "adaptive"
ALPHA = 0.01  # of adaptive
DOCUMENTED = (
    *("flagger", "argo", "argo:mode=step", "kayenta", "iter8", "sprt_risk", "risk_of_ruin"),
    *("target_success", "threshold_step", "repeated_rollback", "all_at_once"),
    *("fixed_linear", "fixed_canary", "fixed_exponential"),
    "fixed_linear:schedule=Linear10PercentEvery10Minutes,alarm=true",
    "fixed_canary:schedule=Canary10Percent30Minutes,alarm=true",
    "fixed_exponential:schedule=Canary10Percent20Minutes,alarm=true",
)
POLICIES = Path(__file__).parents[2] / "policies"
TUNED = tuple(str(path) for path in sorted(POLICIES.glob("*_tuned.toml")))
GOOD_TOO = {"poisoning"}  # only machines that refuse on purpose are "harmed" there
KEPT = ("minutes_to_full", "harmed_connections", "false_rollback")
FOLDER = record.FOLDER.parent / "evidence-cells" / "library"

Row = dict[str, Any]


def measure(rounds: int) -> None:
    """Fly what is missing of `rounds` rounds, story by story."""
    for number in range(rounds):
        for stem in sorted(stems()):
            for setup in _setups(stem):
                if number < _rounds(setup, rounds):
                    block(setup, number)


def _rounds(setup: Setup, rounds: int) -> int:
    return rounds if setup.fidelity == "counts" else -(-rounds // SLOW)


def _per_round(setup: Setup) -> int:
    return PER_ROUND if setup.fidelity == "counts" else PER_SLOW_ROUND


@cache
def _setups(stem: str) -> tuple[Setup, ...]:
    return tuple(prepare_all(stem, [OWN, *DOCUMENTED, *TUNED]))


def block(setup: Setup, number: int) -> list[Row]:
    """Return the rows of one round, from disk if they are there."""
    path = _path(setup, number)
    if path.exists():
        rows: list[Row] = json.loads(path.read_text(encoding="utf-8"))
        return rows
    runs = tuple(range(number * _per_round(setup), (number + 1) * _per_round(setup)))
    rows = [_kept(row, setup) for row in fly(Task(setup, ROOT, runs))]
    FOLDER.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows), encoding="utf-8")
    record.progress(f"  {setup.scenario.stem}, {setup.label}: round {number}")
    return rows


def _path(setup: Setup, number: int) -> Path:
    """A cell depends on its world and on the policy's decisions, told by their digests."""
    decides = record.setting_digest() if setup.label == OWN else repr(setup.policy)
    text = f"{ROOT} {_per_round(setup)} {setup.identity()['world']} {setup.label} {decides}"
    key = sha256(text.encode()).hexdigest()[:16]
    return FOLDER / f"{setup.scenario.stem}-{key}-{number}.json"


def _kept(row: Row, setup: Setup) -> Row:
    if row["error"] is not None:
        raise RuntimeError(f"{setup.scenario.stem}, {setup.label}: {row['error']}")
    back = row["end"] == "rolled_back" or row["false_rollback"] or row["attempts"] > 1
    return {name: row[name] for name in KEPT} | {"rolled_back": back}


def refly(stem: str) -> list[str]:
    """Fly the first day of a story again; forget all days of policies that fly it otherwise now.

    A cell's name tells parameters and world, not the code that reads them: this asks the code.
    Return their labels.
    """
    changed = []
    for setup in _setups(stem):
        if not _path(setup, 0).exists():
            continue
        (now,) = [_kept(row, setup) for row in fly(Task(setup, ROOT, (0,)))]
        if json.loads(json.dumps(now)) == block(setup, 0)[0]:
            continue
        changed.append(setup.label)
        for path in FOLDER.glob(_path(setup, 0).name.removesuffix("0.json") + "*.json"):
            path.unlink()
    return changed


def kept(stem: str, most: int = ROUNDS_MAX) -> int:
    """Return how many whole rounds of a story are on disk: flown by all its policies."""
    number = 0
    while number < most and all(_path(setup, number).exists() for setup in _setups(stem)):
        number += 1
    return number


def dominance(rounds: int = ROUNDS) -> Iterable[Bar]:
    """One figure per rival: in how many breaking stories it harms fewer at no price; must be 0.

    Of the quick stories all have as many rounds, of the slow ones up to their share of these.
    """
    quick = [s for s in stems() if _setups(s)[0].fidelity == "counts"]
    if not min(map(kept, quick)):
        if cells.only_kept:
            raise cells.NotFlownError("no round of the library is whole")
        measure(rounds)
    rounds = min(map(kept, quick))
    rows = {}
    for stem in sorted(stems()):
        if flown := kept(stem, _rounds(_setups(stem)[0], rounds)):
            rows[stem] = {s.label: _rows(s, flown) for s in _setups(stem)}
    yield from judged(rows, {s for s in rows if _setups(s)[0].truth.harmful and s not in GOOD_TOO})


def judged(rows: dict[str, dict[str, list[Row]]], breaking: set[str]) -> Iterable[Bar]:
    """Judge rows by story and policy."""
    good = [stem for stem in rows if stem not in breaking]
    calm = {label: _calm(rows, good, label) for label in rows[good[0]]}
    own, rivals = calm[OWN], [label for label in calm if label != OWN]
    fewer = _fewer(rows, sorted(breaking), rivals)
    runs = {label: sum(len(rows[stem][label]) for stem in rows) for label in calm}
    most = min(runs.values())
    more: dict[str, Any] = {"exact": True, "stories": len(rows)}
    yield Bar("library: runs of each policy", most, 1000, most, [ROOT], True, more)
    for label, said in calm.items():
        false, n_good = int(said["false"]), sum(len(rows[stem][label]) for stem in good)
        more = {"good_runs": n_good, "false_rollbacks": false}
        more |= {"false_share_95": record.share_limits(false, n_good)}
        more |= {"median_minutes": _finite(said["median"])}
        harmed = {stem: float(np.mean(_harm(rows[stem][label]))) for stem in sorted(breaking)}
        more |= {"harmed_mean": harmed}
        if label == OWN:
            yield allowed(false, n_good, more)
            continue
        found = fewer.get(label, [])
        no_worse = said["false"] <= own["false"] and said["median"] <= own["median"]
        more |= {"harms_fewer_in": found, "no_worse_on_good_stories": no_worse}
        more |= {"comparisons": len(rivals) * len(breaking)}
        value = float(len(found)) if no_worse else 0.0
        name = f"library: stories in which {label} dominates"
        yield Bar(name, value, 0.0, runs[label], [ROOT], more=more)


def allowed(false: int, n: int, more: dict[str, Any]) -> Bar:
    """Return the bar of our own false rollbacks: no more than `ALPHA` lets one expect of n runs.

    The limit is the smallest number that n runs exceed with probability .05 at most, if each is
    withdrawn with probability alpha: it is chosen from alpha and n, before any run is looked at.
    """
    limit = float(binom.ppf(0.95, n, ALPHA))
    more = {**more, "alpha": ALPHA, "expected_at_most": ALPHA * n}
    name = "library: false rollbacks of adaptive, as alpha allows"
    return Bar(name, float(false), limit, n, [ROOT], more=more)


def _rows(setup: Setup, rounds: int) -> list[Row]:
    return [row for number in range(rounds) for row in block(setup, number)]


def _harm(rows: list[Row]) -> list[float]:
    return [float(row["harmed_connections"]) for row in rows]


def _calm(rows: dict[str, dict[str, list[Row]]], good: list[str], label: str) -> dict[str, float]:
    """Return false rollbacks and the median time to full over all runs of the good stories."""
    flown = [row for stem in good for row in rows[stem][label]]
    minutes = [inf if row["minutes_to_full"] is None else row["minutes_to_full"] for row in flown]
    return {
        "false": float(sum(row["rolled_back"] for row in flown)),
        "median": median(minutes),
    }


def _finite(value: float) -> float | None:
    return None if value == inf else value


def _fewer(
    rows: dict[str, dict[str, list[Row]]], breaking: list[str], rivals: list[str]
) -> dict[str, list[str]]:
    """Return where each rival harms fewer than `adaptive`, by Holm's step-down test at 5 %."""
    pairs = [(label, stem) for label in rivals for stem in breaking]
    tested = sorted((_p(rows[s][OWN], rows[s][label]), label, s) for label, s in pairs)
    found: dict[str, list[str]] = {}
    for k, (p, label, stem) in enumerate(tested):
        if p > 0.05 / (len(tested) - k):
            break
        found.setdefault(label, []).append(stem)
    return found


def _p(own: list[Row], rival: list[Row]) -> float:
    """Return the one-sided p-value of "the rival harms fewer", paired by seed."""
    a, b = np.array(_harm(own)), np.array(_harm(rival))
    if np.ptp(a - b) == 0.0:
        return 0.0 if a[0] > b[0] else 1.0
    return float(ttest_rel(a, b, alternative="greater").pvalue)


def main() -> None:
    """Fly rounds, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--check", action="store_true", help="fly the first day of all again")
    args = parser.parse_args()
    asked = args.rounds
    if args.check:
        for stem in sorted(stems()):
            record.progress(f"{stem}: {', '.join(refly(stem)) or 'as it was'}")
    for rounds in range(1, asked + 1):
        measure(rounds)
        record.progress(f"round {rounds} of {asked} is complete")
    for bar in dominance(asked):
        print(bar, flush=True)


if __name__ == "__main__":
    main()
