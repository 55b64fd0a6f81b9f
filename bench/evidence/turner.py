"""The block process of Turner, Ly and Grünwald, bet with the product's own block factors.

One block is one unit of each arm. What they bet on is learned here (posterior means); the factor of
a bet is `simcert.detect._blocks.log_blocks`, the one of `block_e` and of the quantiles of times.
"""

from collections.abc import Callable, Sequence
from functools import cache
from math import exp, log, log1p
from typing import Any

import numpy as np
from scipy.stats import hypergeom

from bench.evidence.world import Floats, Ints
from simcert.detect._blocks import log_blocks

PRIOR = 0.18  # of both parameters of the beta prior, as published
POINTS = 101
RHO = np.linspace(1.0 / POINTS, 1.0 - 1.0 / POINTS, POINTS)  # the grid of safestats
Rates = tuple[float, float]
Count = Callable[[int, int, np.random.Generator], int]
Learn = Callable[[Sequence[int], Sequence[int]], Rates]


def predicted(seen: Sequence[int], a: float = PRIOR, b: float = PRIOR) -> float:
    """Return the posterior mean of a rate."""
    return (a + sum(seen)) / (a + b + len(seen))


def free(old: Sequence[int], new: Sequence[int]) -> Rates:
    """Bet on both rates as they are learned, each for itself."""
    return predicted(old), predicted(new)


def difference(old: Sequence[int], new: Sequence[int], d: float = 0.25) -> Rates:
    """Bet on rates that differ by d."""
    return _restricted(old, new, (1.0 - d) * RHO, lambda rate: rate + d)


def odds_ratio(old: Sequence[int], new: Sequence[int], ratio: float = exp(0.7)) -> Rates:
    """Bet on rates with a given ratio of their odds."""
    return _restricted(old, new, RHO, lambda rate: ratio * rate / (1.0 + (ratio - 1.0) * rate))


def _restricted(
    old: Sequence[int], new: Sequence[int], first: Floats, second: Callable[[Any], Any]
) -> Rates:
    """Return the posterior mean of the first rate over its grid, and the second that follows."""
    log_w = (PRIOR - 1.0) * (np.log(RHO) + np.log1p(-RHO))
    for rate, seen in ((first, old), (second(first), new)):
        log_w = log_w + sum(seen) * np.log(rate) + (len(seen) - sum(seen)) * np.log1p(-rate)
    w = np.exp(log_w - log_w.max())
    mean = float((w * first).sum() / w.sum())
    return mean, float(second(mean))


def process(old: Sequence[int], new: Sequence[int], learn: Learn) -> list[float]:
    """Return the e-values after each block."""
    log_e, values = 0.0, []
    for t, (y0, y1) in enumerate(zip(old, new, strict=True)):
        log_e += _factor(learn(old[:t], new[:t]), y0, y1)
        values.append(exp(log_e))
    return values


def _factor(bet: Rates, y0: int, y1: int) -> float:
    a0, a1 = bet
    return log_blocks(1, y1, 1, y0, [(a0, a1, log1p(-a0), log1p(-a1))])[0]


@cache
def _table(t: int) -> Floats:
    """Return the log factor of block t by successes so far and outcome [s0, s1, y0, y1]."""
    means = [(PRIOR + s) / (2.0 * PRIOR + t) for s in range(t + 1)]
    both = ((0, 0), (0, 1), (1, 0), (1, 1))
    table = [[[_factor((a, b), y0, y1) for y0, y1 in both] for b in means] for a in means]
    return np.array(table).reshape(t + 1, t + 1, 2, 2)


def lengths(rates: Rates, runs: int, blocks: int, rng: np.random.Generator) -> Ints:
    """Return after how many blocks the process reaches 20; `blocks` + 1 if not by then."""
    s, log_e = np.zeros((2, runs), int), np.zeros(runs)
    length = np.full(runs, blocks + 1)
    for t in range(blocks):
        y = (rng.random((2, runs)) < np.array(rates)[:, None]).astype(int)
        log_e += _table(t)[s[0], s[1], y[0], y[1]]
        length = np.where((length > blocks) & (log_e >= log(20.0)), t + 1, length)
        s += y
    return length


def reached(runs: int, blocks: int, rng: np.random.Generator) -> int:
    """Return how many runs the process takes two equal rates for different ones, at level .05."""
    return int((lengths((0.5, 0.5), runs, blocks, rng) <= blocks).sum())


def fisher(runs: int, blocks: int, rng: np.random.Generator) -> int:
    """Return how many runs Fisher's test, read after each block, rejects at .05 at least once."""
    s, rejected = np.zeros((2, runs), int), np.zeros(runs, bool)
    for t in range(1, blocks + 1):
        s += rng.random((2, runs)) < 0.5
        rejected |= _rejects(t)[s[0], s[1]]
    return int(rejected.sum())


def _rejects(n: int) -> np.ndarray:
    """Return where the two-sided exact test of n units an arm rejects at .05."""
    rejects = np.zeros((n + 1, n + 1), bool)
    for k in range(2 * n + 1):
        x = np.arange(max(0, k - n), min(n, k) + 1)
        p = hypergeom.pmf(x, 2 * n, n, k)
        rejects[x, k - x] = [p[p <= one * (1.0 + 1e-7)].sum() <= 0.05 for one in p]
    return rejects
