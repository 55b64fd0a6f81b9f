"""Means, paired differences and shares with 95 % intervals.

Means and paired differences: Student's t over runs (runs of one scenario are independent by seed).
Shares: Wilson's score interval. Runs that never reached full exposure are infinite: order
statistics take them as such, a mean with one of them does not exist (None).
"""

from collections.abc import Sequence
from math import inf, isfinite, sqrt

import numpy as np
from scipy.special import ndtri, stdtrit

LEVEL = 0.95

Interval = list[float | None]


def mean(values: Sequence[float]) -> float | None:
    """Return the mean; None of nothing, or where a value is infinite."""
    if not values or not all(map(isfinite, values)):
        return None
    return float(np.mean(values))


def t_interval(values: Sequence[float]) -> Interval:
    """Return the t interval of the mean; unknown with fewer than two values or an infinite one."""
    middle, n = mean(values), len(values)
    if middle is None or n < 2:
        return [None, None]
    half = float(stdtrit(n - 1, (1 + LEVEL) / 2)) * float(np.std(values, ddof=1)) / sqrt(n)
    return [middle - half, middle + half]


def wilson(hits: int, n: int) -> Interval:
    """Return Wilson's interval of a share."""
    if n == 0:
        return [None, None]
    z2 = float(ndtri((1 + LEVEL) / 2)) ** 2
    centre = (hits + z2 / 2) / (n + z2)
    half = sqrt(z2 * (hits * (n - hits) / n + z2 / 4)) / (n + z2)
    return [max(centre - half, 0.0), min(centre + half, 1.0)]


def median(values: Sequence[float]) -> float | None:
    """Return the median; None where it is infinite, or of nothing."""
    return _finite(float(np.median(values))) if values else None


def p95(values: Sequence[float]) -> float | None:
    """Return the smallest value that 95 % of the runs do not exceed; None where infinite."""
    if not values:
        return None
    return _finite(sorted(values)[max(-(-95 * len(values) // 100) - 1, 0)])


def differences(a: Sequence[float], b: Sequence[float]) -> list[float]:
    """Return a - b run by run; infinite where either is."""
    return [x - y if isfinite(x) and isfinite(y) else inf for x, y in zip(a, b, strict=True)]


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
