"""Kayenta's statistics: rank-sum interval of a shift, effect sizes, outliers, percentiles.

The interval is R's `wilcox.test(conf.int = TRUE, exact = FALSE)`: roots of the standardised rank
sum, found by Brent's zeroin with an *absolute* tolerance of 1e-4. Metrics on a finer scale than
that give solver noise, so feed percent or milliseconds.
Source: spinnaker/kayenta (Apache-2.0) and R's documented algorithm; Brent (1973), chapter 4.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

Floats = npt.NDArray[np.float64]
ROOT_TOLERANCE = 1e-4
ROOT_STEPS = 1000
_EPSILON = float(np.finfo(float).eps)


class AllTiedError(ValueError):
    """All observations tie at some shift: the interval does not exist."""


def shift_range(x: Floats, y: Floats) -> tuple[float, float]:
    """Return the least and greatest shift that can matter."""
    return float(x.min() - y.max()), float(x.max() - y.min())


def shift_z(x: Floats, y: Floats, shift: float) -> float:
    """Return the standardised rank sum of `x - shift` against `y`, ties and 0.5 corrected."""
    m, n = len(x), len(y)
    ranks, ties = _mid_ranks(np.concatenate([x - shift, y]))
    excess = float(ranks[:m].sum()) - m * (m + 1) / 2 - m * n / 2
    spread = (m + n + 1) - ties / ((m + n) * (m + n - 1))
    sigma = math.sqrt(max(m * n / 12 * spread, 0.0))
    if sigma == 0.0:
        raise AllTiedError("cannot compute an interval when all observations are tied")
    return (excess - 0.5 * float(np.sign(excess))) / sigma


def _mid_ranks(values: Floats) -> tuple[Floats, float]:
    """Return the mid-ranks (from 1) and the sum of t^3 - t over groups of t ties."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2.0)[group]
    return ranks, float((counts.astype(float) ** 3 - counts).sum())


def interval(x: Floats, y: Floats, confidence: float) -> tuple[float, float, float]:
    """Return (low, high, estimate) of the shift from `y` to `x`; AllTiedError if there is none."""
    z = float(ndtri((1.0 - confidence) / 2.0))
    low, high, estimate = (_root_at(x, y, q) for q in (-z, z, 0.0))
    return low, high, estimate


def _root_at(x: Floats, y: Floats, quantile: float) -> float:
    low, high = shift_range(x, y)
    at_low, at_high = (shift_z(x, y, mu) - quantile for mu in (low, high))
    if at_low <= 0.0:
        return low
    if at_high >= 0.0:
        return high
    return zeroin(lambda mu: shift_z(x, y, mu) - quantile, (low, high), (at_low, at_high))


def zeroin(
    f: Callable[[float], float], ends: tuple[float, float], values: tuple[float, float]
) -> float:
    """Return a root of `f` between `ends`, where it takes `values` of opposite sign (Brent)."""
    (a, b), (fa, fb) = ends, values
    c, fc = a, fa
    for _ in range(ROOT_STEPS + 1):
        before = b - a
        if abs(fc) < abs(fb):
            a, b, c, fa, fb, fc = b, c, b, fb, fc, fb
        least = 2.0 * _EPSILON * abs(b) + ROOT_TOLERANCE / 2.0
        step = (c - b) / 2.0
        if abs(step) <= least or fb == 0.0:
            return b
        if abs(before) >= least and abs(fa) > abs(fb):
            step = _interpolated((a, b, c), (fa, fb, fc), before, least)
        if abs(step) < least:
            step = math.copysign(least, step)
        a, fa = b, fb
        b += step
        fb = f(b)
        if fb * fc > 0.0:
            c, fc = a, fa
    return b


def _interpolated(
    at: tuple[float, float, float], f: tuple[float, float, float], before: float, least: float
) -> float:
    """Return the secant or inverse quadratic step, or bisection where that leads too far."""
    a, b, c = at
    fa, fb, fc = f
    across, t = c - b, fb / fa
    if a == c:
        p, q = across * t, 1.0 - t
    else:
        u, v = fa / fc, fb / fc
        p = t * (across * u * (u - v) - (b - a) * (v - 1.0))
        q = (u - 1.0) * (v - 1.0) * (t - 1.0)
    p, q = (p, -q) if p > 0.0 else (-p, q)
    near = p < 0.75 * across * q - abs(least * q) / 2.0 and p < abs(before * q / 2.0)
    return p / q if near else across / 2.0


def mean_ratio(x: Floats, y: Floats) -> float:
    """Return mean(x) / mean(y); NaN if either mean is 0, or without data."""
    if not len(x) or not len(y):
        return math.nan
    top, bottom = float(x.mean()), float(y.mean())
    return math.nan if top == 0.0 or bottom == 0.0 else top / bottom


def cles(x: Floats, y: Floats) -> float:
    """Return the common-language effect size P(x > y) + P(x = y) / 2; NaN without data."""
    m, n = len(x), len(y)
    if not m or not n:
        return math.nan
    ranks, _ = _mid_ranks(np.concatenate([x, y]))
    return (float(ranks[:m].sum()) - m * (m + 1) / 2.0) / (m * n)


def cohen_d(x: Floats, y: Floats) -> float:
    """Return the difference of the means over the pooled standard deviation, as doubles divide."""
    m, n = len(x), len(y)
    if not m or not n or m + n < 3:
        return math.nan
    pooled = float(m * x.var() + n * y.var()) / (m + n - 2)
    distance = abs(float(x.mean() - y.mean()))
    if pooled == 0.0:
        return math.inf if distance else math.nan
    return distance / math.sqrt(pooled)


def percentile(data: Sequence[float], p: float) -> float:
    """Return the percentile of type R-7; 0 for no data."""
    return float(np.percentile(np.asarray(data, float), p)) if len(data) else 0.0


def outliers_iqr(data: Floats, factor: float, reduce_sensitivity: bool) -> npt.NDArray[np.bool_]:
    """Return which values lie outside Tukey's fences, widened to the outer percentiles if asked."""
    if not len(data):
        return np.zeros(0, bool)
    low, q1, q3, high = np.percentile(data, [1, 25, 75, 99])
    below, above = q1 - factor * (q3 - q1), q3 + factor * (q3 - q1)
    if reduce_sensitivity:
        below, above = min(below, low), max(above, high)
    return np.asarray((data < below) | (data > above), bool)


def outliers_ksigma(data: Floats, k: float) -> npt.NDArray[np.bool_]:
    """Return which values lie more than k population standard deviations from the mean."""
    if not len(data):
        return np.zeros(0, bool)
    return np.asarray(np.abs(data - data.mean()) > k * data.std(), bool)


def without_nan(data: Floats, strategy: str) -> Floats:
    """Return the data without NaN, or with 0 in its place (`replace`)."""
    missing = np.isnan(data)
    return data[~missing] if strategy == "remove" else np.where(missing, 0.0, data)


def summary(data: Floats) -> dict[str, float]:
    """Return min, max, mean, sample standard deviation and count; all 0 for no data."""
    if not len(data):
        return dict.fromkeys(("min", "max", "mean", "std", "count"), 0.0)
    std = float(data.std(ddof=1)) if len(data) > 1 else 0.0
    figures = {"min": data.min(), "max": data.max(), "mean": data.mean()}
    return {k: float(v) for k, v in figures.items()} | {"std": std, "count": len(data)}
