"""Wald's sequential test of one rate against another, with the limits of `sprt_risk`."""

from math import log, log1p

import numpy as np

from simcert.policy.sprt_risk import wald_limits

WALD = {  # p0, p1, alpha, beta: mean length of the test at p0 and at p1, Wald's approximation
    (0.1, 0.3, 0.02, 0.03): (28.70, 23.82),
    (0.02, 0.03, 0.01, 0.05): (1498.55, 1885.61),
    (0.01, 0.02, 0.01, 0.1): (713.16, 976.23),
}


def length(p: float, p0: float, p1: float, alpha: float, b: float) -> float:
    """Return Wald's mean length of the sequential test of p0 against p1, at p = p0 or p1."""
    down, up = wald_limits(alpha, b)
    power = alpha if p == p0 else 1.0 - b
    return (power * up + (1.0 - power) * down) / step(p, p0, p1)


def step(p: float, p0: float, p1: float) -> float:
    """Return the mean log ratio of one unit."""
    return p * log(p1 / p0) + (1.0 - p) * log((1.0 - p1) / (1.0 - p0))


def walks(
    p: float, p0: float, p1: float, alpha: float, b: float, runs: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return length and last log ratio of sequential tests, from event to event."""
    (low, high), up, down = wald_limits(alpha, b), log(p1 / p0), log1p(-p1) - log1p(-p0)
    n, s, alive = np.zeros(runs), np.zeros(runs), np.ones(runs, bool)
    while alive.any():
        gap = rng.geometric(p, runs)  # units up to the next event, and it
        left = np.ceil((low - s) / down)  # units without one that end it below
        below = alive & (left < gap)
        n += np.where(below, left, np.where(alive, gap, 0))
        s += np.where(below, left * down, np.where(alive, (gap - 1) * down + up, 0.0))
        alive &= ~below & (s < high)
    return n, s
