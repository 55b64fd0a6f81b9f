"""What became of one policy in one scenario: the same bytes, the same law, or changed.

On the same days runs are paired. Each figure must be shown to be equivalent: the 95 % interval of
the paired difference (Student's t) lies within the margin, so that a true difference of the margin
passes with probability 0.025 at most; and each run must end as it did. What is not shown is
`changed`: a gate must not open for want of evidence.

On other days (fresh seeds, or the traffic itself is drawn otherwise) a handful of runs can show no
equivalence within 5 %. There `changed` takes a proof: the exact permutation test of the rank sum
(Wilcoxon, ties included), at 0.002 over all figures of all cases of a suite (Bonferroni). Two
one-sided tests at the margin that this level leaves decide alike; the interval printed says what
may have remained unseen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from math import comb, inf, isfinite, sqrt
from typing import Any

import numpy as np
from scipy.special import ndtr, stdtrit

from simcert.lab import statistics as st
from simcert.lab.regress.record import Flown, Record

METRICS = ("harmed_connections", "harmed_clients", "minutes_to_full", "mean_exposure")
ENDS = ("complete", "rolled_back")
FLOORS = {
    "harmed_connections": 0.25,  # a quarter of a connection a run
    "harmed_clients": 0.25,
    "minutes_to_full": 0.25,
    "mean_exposure": 0.002,
}
FAMILY = 0.002  # probability that an unchanged suite on fresh seeds raises any alarm at all
EXACT = 150  # values
SPARE = 10.0  # by how much complete separation is beyond the level, so that less is a proof, too
FIGURES = len(METRICS) + len(ENDS)

Diff = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Parting:
    """The first tick at which the decisions of two runs differ."""

    run: int
    seed: int
    tick: int
    t_s: float
    before: float  # exposure in force then
    after: float | None  # exposure decided now; None if there is no decision any more
    reason: str


@dataclass(frozen=True, slots=True)
class Case:
    """The verdict on one policy in one scenario; no diffs and no parting where nothing differs."""

    scenario: str
    policy: str
    verdict: str
    diffs: tuple[Diff, ...] = ()
    changed: tuple[str, ...] = ()  # metrics that are beyond the margin
    parting: Parting | None = None
    notes: tuple[str, ...] = ()

    @property
    def fine(self) -> bool:
        """Whether the gate is open."""
        return self.verdict in ("same_bytes", "same_law")

    def to_dict(self) -> dict[str, Any]:
        """Return what `simcert regress --json` prints of it."""
        shown = [
            {k: d[k] for k in ("metric", "before", "after", "diff", "ci95")} for d in self.diffs
        ]
        name = {"scenario": self.scenario, "policy": self.policy, "verdict": self.verdict}
        first = self.parting and {"run": self.parting.run, "seed": self.parting.seed,
                                  "tick": self.parting.tick, "t": self.parting.t_s}  # fmt: skip
        return {**name, "diffs": shown, "parted": first, "notes": list(self.notes)}


def judge(before: Record, now: Record, margin: float, cases: int) -> Case:
    """Return the verdict on a record of now; `cases` is the number of cases of the whole suite."""
    name = (now.scenario, now.policy)
    same_days = [run.seed for run in before.runs] == [run.seed for run in now.runs]
    pairs = [*zip(before.runs, now.runs, strict=True)] if same_days else []
    redrawn = any(a.traffic != b.traffic for a, b in pairs)
    notes = _notes(before, now, redrawn=redrawn)
    if pairs and all(a.digest == b.digest for a, b in pairs):
        return Case(*name, "same_bytes", notes=notes)
    limit = FAMILY / (FIGURES * cases)
    if pairs and not redrawn:
        diffs = [_paired_diff(before, now, metric, margin) for metric in (*ENDS, *METRICS)]
        parting = _parting(before, now)
    else:
        diffs = [_fresh_diff(before, now, metric, limit) for metric in (*ENDS, *METRICS)]
        parting = None
    changed = tuple(diff["metric"] for diff in diffs if not diff["same"])
    if not (pairs and not redrawn) and smallest_p(len(before.runs), len(now.runs)) > limit:
        changed = ("runs",)  # a test that can never say no opens no gate
        notes = (*notes, f"{len(before.runs)} runs prove nothing on other days: record more")
    verdict = "changed" if changed else "same_law"
    return Case(*name, verdict, tuple(diffs), changed, parting, notes)


def smallest_p(before: int, now: int) -> float:
    """Return the p of complete separation: the least that two samples of so many runs can give."""
    return 2.0 / min(comb(before + now, before), 10**300)


def runs_to_fly(before: int, cases: int) -> int:
    """Return how many other days make a near-complete separation from `before` runs a proof."""
    wanted = FAMILY / (FIGURES * cases) / SPARE
    return next(n for n in count(before) if smallest_p(before, n) <= wanted)


def _notes(before: Record, now: Record, *, redrawn: bool) -> tuple[str, ...]:
    """Say what else is not as it was, besides decisions."""
    said = []
    if before.world != now.world:
        said.append("the scenario itself is not the one of the baseline")
    if before.parameters != now.parameters:
        said.append(f"parameters were {before.parameters}, are {now.parameters}")
    if redrawn:
        said.append("equal seeds draw other traffic than before, so runs are not paired")
    if before.simcert != now.simcert:
        said.append(f"recorded by simcert {before.simcert}, flown by {now.simcert}")
    return tuple(said)


def values(record: Record, metric: str) -> list[float]:
    """Return one number a run; infinite where full exposure was never reached."""
    if metric in ENDS:
        return [float(run.end == metric) for run in record.runs]
    found = (getattr(run, metric) for run in record.runs)
    return [inf if value is None else float(value) for value in found]


def _paired_diff(before: Record, now: Record, metric: str, margin: float) -> Diff:
    was, now_ = values(before, metric), values(now, metric)
    both = [(a, b) for a, b in zip(was, now_, strict=True) if isfinite(a) and isfinite(b)]
    diffs = [b - a for a, b in both]
    flipped = any(isfinite(a) != isfinite(b) for a, b in zip(was, now_, strict=True))
    middle = st.mean([a for a, _ in both])
    allowed = 0.0 if metric in ENDS else max(margin * abs(middle or 0.0), FLOORS[metric])
    ci = st.t_interval(diffs)
    same = not flipped and _within(diffs, ci, allowed)
    return _diff(metric, middle, st.mean([b for _, b in both]), ci, allowed, same=same)


def _within(diffs: Sequence[float], ci: st.Interval, allowed: float) -> bool:
    """Whether the interval is within the margin; of one pair only equality proves anything."""
    if not any(diffs):
        return True
    low, high = ci
    return low is not None and high is not None and -allowed <= low and high <= allowed


def _fresh_diff(before: Record, now: Record, metric: str, limit: float) -> Diff:
    was, now_ = values(before, metric), values(now, metric)
    finite_was, finite_now = ([v for v in side if isfinite(v)] for side in (was, now_))
    p = rank_sum_p(was, now_)
    low_high = _welch(finite_was, finite_now)
    middle, after = st.mean(finite_was), st.mean(finite_now)
    return _diff(metric, middle, after, low_high, None, same=p >= limit)


def _diff(
    metric: str,
    before: float | None,
    after: float | None,
    ci: st.Interval,
    margin: float | None,
    *,
    same: bool,
) -> Diff:
    gap = None if before is None or after is None else after - before
    name = f"{metric}_share" if metric in ENDS else metric
    return {"metric": name, "before": before, "after": after, "diff": gap, "ci95": ci,
            "margin": margin, "same": same}  # fmt: skip


def _welch(a: Sequence[float], b: Sequence[float]) -> st.Interval:
    """Return the 95 % interval of mean(b) - mean(a), degrees of freedom by the smaller sample."""
    if min(len(a), len(b)) < 2:
        return [None, None]
    gap = float(np.mean(b) - np.mean(a))
    error = sqrt(float(np.var(a, ddof=1)) / len(a) + float(np.var(b, ddof=1)) / len(b))
    half = float(stdtrit(min(len(a), len(b)) - 1, (1 + st.LEVEL) / 2)) * error
    return [gap - half, gap + half]


def rank_sum_p(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the exact two-sided p of the rank sum, ties by mid-ranks; 1 if all values are equal.

    Twice the smaller tail, over all ways in which the values could have been dealt to the samples;
    of more than `EXACT` values the normal approximation, ties included.
    """
    ranks = _double_ranks([*a, *b])
    n, seen = len(a), sum(ranks[: len(a)])
    if len(ranks) > EXACT:
        return _normal_p(ranks, n, seen)
    ways = np.zeros((n + 1, sum(ranks) + 1))
    ways[0, 0] = 1.0  # ways[k, t]: how many choices of k values have the rank sum t
    for rank in ranks:
        ways[1:, rank:] += ways[:-1, :-rank].copy()
    every = comb(len(ranks), n)
    low, high = float(ways[n, : seen + 1].sum()), float(ways[n, seen:].sum())
    return min(1.0, 2.0 * min(low, high) / every)


def _normal_p(ranks: Sequence[int], n: int, seen: int) -> float:
    total, m = len(ranks), len(ranks) - n
    spread = float(np.var(ranks)) * n * m / (total - 1)
    if spread == 0.0:
        return 1.0
    return min(1.0, 2.0 * float(ndtr(-abs(seen - n * (total + 1)) / sqrt(spread))))


def _double_ranks(values_: Sequence[float]) -> list[int]:
    """Return twice the mid-rank of each value: whole numbers, ties share."""
    ordered = sorted(values_)
    return [2 * ordered.index(v) + ordered.count(v) + 1 for v in values_]


def _parting(before: Record, now: Record) -> Parting | None:
    """Return where decisions part first, over all runs, by time."""
    pairs = zip(before.runs, now.runs, strict=True)
    found = [parting for a, b in pairs if (parting := _parted(a, b)) is not None]
    return min(found, key=lambda one: (one.t_s, one.run), default=None)


def _parted(was: Flown, now: Flown) -> Parting | None:
    if was.digest == now.digest:
        return None
    both = zip(was.letters, now.letters, strict=False)
    shorter = min(len(was.letters), len(now.letters))
    tick = next((i for i, (a, b) in enumerate(both) if a != b), shorter)
    if tick < len(now.decided):
        t_s, after, reason = now.decided[tick]
        return Parting(now.run, now.seed, tick, t_s, was.exposure_at(t_s), after, reason)
    t_s = now.decided[-1][0] if now.decided else 0.0
    return Parting(now.run, now.seed, tick, t_s, was.exposure_at(t_s), None, "no decision any more")
