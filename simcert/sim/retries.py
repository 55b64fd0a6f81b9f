"""Retries: clients that failed come back; followed as counts, exactly, in continuous time.

Law. After a failure a client retries with probability r, at most until `attempts_max`, after an
exponential wait whose mean grows from attempt to attempt. A wait that has not ended when a slice
ends is exponential again (no memory), so a chain is known by its stage alone: the number of slices
that it waits further is geometric. A chain may retry several times inside one slice: the
probability that its next wait also ends in the slice, given that the earlier ones did, is
H(j + 1) / H(j), where H(j) = P(sum of j waits <= slice), counted from the slice's start (a chain of
*kind* k > 0 entered the slice in stage k) or from a uniform moment in it (kind 0 began there).
Outcomes do not depend on the waits, so binomials with these ratios give the joint law.
"""

import itertools
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from simcert.sim.pools import Pool
from simcert.world.spec import Retry

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

GRID = 801  # moments in a slice at which the law of several waits is tabulated


@dataclass(frozen=True, slots=True)
class Waits:
    """Laws of all pools that retry: `ends` [R, kind, stage], `again` and `limit` [R]."""

    pools: Ints
    again: Floats
    limit: Ints
    ends: Floats

    @property
    def stages(self) -> int:
        """Number of attempts of the most patient pool."""
        return int(self.ends.shape[1])

    def endless(self) -> "Waits":
        """Return the laws in a slice so long that every wait ends in it."""
        return Waits(self.pools, self.again, self.limit, np.ones_like(self.ends))


def waits_of(pools: list[Pool], slice_s: float) -> Waits:
    """Return the laws of those pools that retry."""
    habits = [pool.like.retry for pool in pools]
    at = [g for g, one in enumerate(habits) if one.probability > 0.0 and one.attempts_max > 1]
    some = [habits[g] for g in at]
    stages = max([one.attempts_max for one in some] + [2])
    return Waits(
        np.array(at, np.int64),
        np.array([one.probability for one in some]),
        np.array([one.attempts_max for one in some], np.int64),
        np.array([ends_in_slice(one, stages, slice_s) for one in some]).reshape(-1, stages, stages),
    )


@dataclass(slots=True)
class Crossing:
    """Chains in one stage that outlast the slice in which they entered it.

    `moves` [origin, end, R, harmed]: slice of the last attempt, and slice in which the wait ends,
    T if none of these; origin T stands for chains of before. `before` [R, shown, harmed] of these.
    """

    moves: Ints
    shown: Ints  # [end, R, harmed]: of `moves` from origin T, those shown in the first window


def cross(waiting: Ints, before: Ints, ends: Floats, draw: Generator) -> Crossing:
    """Draw when waits end: `waiting` [T, R, 2] entered the stage in a slice, `before` earlier.

    `before` is [R, shown, harmed]; `ends` [R] is the chance that a wait ends in a whole slice.
    """
    steps = len(waiting)
    j = np.arange(steps)
    shares = ends[:, None] * (1.0 - ends[:, None]) ** j
    shares = np.concatenate([shares, (1.0 - ends[:, None]) ** steps], axis=1)
    moves = np.zeros((steps + 1, steps + 1, *waiting.shape[1:]), np.int64)
    k, r, h = np.nonzero(waiting)
    if len(k):
        later = draw.multinomial(waiting[k, r, h], shares[r])
        i, offset = np.nonzero(later)
        end = np.minimum(k[i] + 1 + offset, steps)
        np.add.at(moves, (k[i], end, r[i], h[i]), later[i, offset])
    shown = np.zeros((steps + 1, *waiting.shape[1:]), np.int64)
    r, s, h = np.nonzero(before)
    if len(r):
        later = draw.multinomial(before[r, s, h], shares[r])
        i, end = np.nonzero(later)
        np.add.at(moves[steps], (end, r[i], h[i]), later[i, end])
        old = s[i] == 1
        np.add.at(shown, (end[old], r[i][old], h[i][old]), later[i, end][old])
    return Crossing(moves, shown)


@lru_cache(maxsize=256)
def ends_in_slice(retry: Retry, stages: int, slice_s: float) -> Floats:
    """Return P(wait of `stage` ends in the slice | chain of `kind` got so far): [kind, stage]."""
    found = np.zeros((stages, stages))
    t = np.linspace(0.0, slice_s, GRID)
    for kind in range(stages):
        began = np.clip(t / slice_s, 0.0, 1.0) if kind == 0 else np.ones(GRID)
        before = 1.0
        for stage in range(max(kind, 1), min(retry.attempts_max, stages)):
            began = _ended(began, t, retry.delay_s * retry.growth ** (stage - 1))
            if before > 1e-12:
                found[kind, stage] = min(max(began[-1] / before, 0.0), 1.0)
            before = float(began[-1])
    return found


def _ended(began: Floats, t: Floats, mean_s: float) -> Floats:
    """Return P(began + wait <= t) from P(began <= t): the convolution with an exponential.

    y' = (began - y) / mean, solved exactly for `began` linear between grid points.
    """
    h = (t[1] - t[0]) / mean_s
    decay = float(np.exp(-h))
    ramp = float(-np.expm1(-h) / h)
    ended, total = [0.0], 0.0
    values = began.tolist()
    for low, high in itertools.pairwise(values):
        total = total * decay + low * (ramp - decay) + high * (1.0 - ramp)
        ended.append(total)
    return np.array(ended)
