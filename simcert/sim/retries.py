"""Retries: clients that failed come back; followed as counts, exactly, in continuous time.

Law. After a failure a client retries with probability r, at most until `attempts_max`, after an
exponential wait whose mean grows from attempt to attempt. A wait that has not ended when a slice
ends is exponential again (no memory), so a chain is known by its stage alone. A chain may retry
several times inside one slice: the probability that its next wait also ends in the slice, given
that the earlier ones did, is H(j + 1) / H(j), where H(j) = P(sum of j waits <= slice), counted from
the slice's start, or from a uniform moment in it for chains that begin there. Outcomes do not
depend on the waits, so binomials with these ratios give the joint law.

A retry is a unit if neither a visit nor an earlier retry showed its client in this window. Where a
slice holds both, the retry counts as the first: the number of units is the same either way.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numpy.random import Generator
from scipy.special import gammainc

from simcert.sim.pools import Pool
from simcert.world.spec import Retry

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

GRID = 801  # moments in a slice at which the law of several waits is tabulated


@dataclass(slots=True)
class Entries:
    """Chains that have not yet retried in this slice, as many columns of equal length."""

    pool: Ints
    kind: Ints  # 0: began in this slice; else the stage in which it entered the slice
    stage: Ints  # number of the retry that it waits for
    shown: Ints  # 1 if an attempt of it fell into this window
    harmed: Ints  # 1 if the new certificate has harmed it
    n: Ints

    def where(self, keep: npt.NDArray[np.bool_]) -> "Entries":
        """Return the entries to keep."""
        return Entries(*(column[keep] for column in self.columns()))

    def columns(self) -> tuple[Ints, ...]:
        """Return all columns in order."""
        return self.pool, self.kind, self.stage, self.shown, self.harmed, self.n


class Waiting:
    """Chains that wait for their next retry: counts by pool, stage, shown and harmed."""

    def __init__(self, pools: list[Pool], slice_s: float) -> None:
        retry = [pool.like.retry for pool in pools]
        self.stages = max([one.attempts_max for one in retry] + [2])
        self.again = np.array([one.probability for one in retry])
        self.limit = np.array([one.attempts_max for one in retry])
        self._ends = _ends_in_slice(retry, self.stages, slice_s)
        self._n = np.zeros((len(pools), self.stages, 2, 2), np.int64)
        self.endless = False  # no slice ends: every wait does

    @property
    def idle(self) -> bool:
        """Whether nobody waits."""
        return not self._n.any()

    def open_window(self) -> None:
        """A new window has seen none of the chains."""
        self._n[:, :, 0] += self._n[:, :, 1]
        self._n[:, :, 1] = 0

    def enter(self, failed: Ints, harmed: Ints, draw: Generator) -> Entries:
        """Return all chains of a slice in which `failed` and `harmed` [P] first attempts failed."""
        begin = draw.binomial(np.stack([failed, harmed], axis=1), self.again[:, None])
        begin[self.limit < 2] = 0
        pool, harm = np.nonzero(begin)
        new = (pool, 0 * pool, 0 * pool + 1, 0 * pool + 1, harm, begin[pool, harm])
        g, stage, shown, hurt = np.nonzero(self._n)
        old = (g, stage, stage, shown, hurt, self._n[g, stage, shown, hurt])
        self._n[:] = 0
        return Entries(*(np.concatenate(pair) for pair in zip(new, old, strict=True)))

    def fire(self, chains: Entries, draw: Generator) -> Entries:
        """Let waits end in the slice, keep the others waiting; return the chains that retry now."""
        if self.endless:
            return chains.where(chains.n > 0)
        now = draw.binomial(chains.n, self._ends[chains.pool, chains.kind, chains.stage])
        at = (chains.pool, chains.stage, chains.shown, chains.harmed)
        np.add.at(self._n, at, chains.n - now)
        chains.n = now
        return chains.where(now > 0)

    def next(self, chains: Entries, draw: Generator) -> Entries:
        """Return those of the chains that failed again, as many as `n`, which go on."""
        chains.stage = chains.stage + 1
        allowed = chains.stage < self.limit[chains.pool]
        chains.n = np.where(allowed, draw.binomial(chains.n, self.again[chains.pool]), 0)
        chains.shown = np.ones_like(chains.shown)
        return chains.where(chains.n > 0)


def _ends_in_slice(retry: list[Retry], stages: int, slice_s: float) -> Floats:
    """Return P(wait of `stage` ends in the slice | chain of `kind` got so far): [P, kind, stage].

    The density of the sum of exponential waits is carried on a grid (trapezoid rule); the first
    step of each kind is exact.
    """
    return np.stack([_table(one, stages, slice_s) for one in retry])


@lru_cache(maxsize=256)
def _table(retry: Retry, stages: int, slice_s: float) -> Floats:
    found = np.zeros((stages, stages))
    if retry.probability <= 0.0:
        return found
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
    decay = np.exp(-h)
    ramp = gammainc(1.0, h) / h  # (1 - exp(-h)) / h
    y = np.zeros_like(began)
    jump = began[0]
    total = 0.0
    for i in range(1, len(t)):
        low, high = (began[i - 1] if i > 1 else jump), began[i]
        total = total * decay + low * (ramp - decay) + high * (1.0 - ramp)
        y[i] = total
    return y
