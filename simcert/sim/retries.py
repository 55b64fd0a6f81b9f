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
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from simcert.sim.pools import Pool
from simcert.world.spec import Retry

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

TOGETHER = 6  # slices of further waiting that are drawn at once
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


@dataclass(frozen=True, slots=True)
class Crossing:
    """Chains in one stage that outlast the slice in which they entered it, a row per group.

    `origin` is the slice of the last attempt (-1: before all slices), `home` the window that it
    was shown in (-1: none that matters), `end` the slice in which the wait ends (T: none).
    """

    origin: Ints
    home: Ints
    end: Ints
    pool: Ints
    harmed: Ints
    n: Ints

    def at(self, rows: npt.NDArray[np.bool_]) -> "Crossing":
        """Return some of the rows."""
        return Crossing(*(getattr(self, one.name)[rows] for one in fields(self)))

    def by_end(self, steps: int, pools: int, some: npt.NDArray[np.bool_] | None = None) -> Ints:
        """Return the chains (of some rows) whose waits end in each slice: [T, R, harmed]."""
        cell = (self.end * pools + self.pool) * 2 + self.harmed
        n = self.n if some is None else self.n * some
        total = np.bincount(cell, n, (steps + 1) * pools * 2)[: steps * pools * 2]
        return total.astype(np.int64).reshape(steps, pools, 2)


def cross(waiting: Ints, before: Ints, window: Ints, ends: Floats, draw: Generator) -> Crossing:
    """Draw when waits end: `waiting` [T, R, 2] entered the stage in a slice, `before` earlier.

    `before` is [R, shown, harmed], `window` [T + 1] numbers the window of each slice; `ends` [R] is
    the chance that a wait ends in a whole slice.
    """
    steps = len(waiting)
    k, r, h = np.nonzero(waiting)
    r0, s0, h0 = np.nonzero(before)
    home = np.concatenate([np.where(s0 == 1, window[0], -1), window[k]])
    origin = np.concatenate([np.full(len(r0), -1), k])
    pool, harmed = np.concatenate([r0, r]), np.concatenate([h0, h])
    n = np.concatenate([before[r0, s0, h0], waiting[k, r, h]])
    rows, found, start = np.arange(len(n)), [], origin + 1
    shares = _rounds(ends)
    while len(rows):
        later = draw.multinomial(n, shares[pool[rows]])
        i, offset = np.nonzero(later)
        count = later[i, offset]
        late = offset == TOGETHER
        end = np.where(late, steps, np.minimum(start[i] + offset, steps))
        again = late & (start[i] + TOGETHER < steps)
        found.append((rows[i[~again]], end[~again], count[~again]))
        rows, start, n = rows[i[again]], start[i[again]] + TOGETHER, count[again]
    at, end, n = (np.concatenate([part[c] for part in found] or [n]) for c in range(3))
    return Crossing(origin[at], home[at], end, pool[at], harmed[at], n)


def _rounds(ends: Floats) -> Floats:
    """Return which shares of waits end in each of the next slices, and which later: [R, 7]."""
    stay = (1.0 - ends[:, None]) ** np.arange(TOGETHER + 1)
    return np.concatenate([stay[:, :-1] * ends[:, None], stay[:, -1:]], axis=1)


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
