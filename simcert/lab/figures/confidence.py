"""Confidence sequence of a failure rate: an interval that holds at all times at once.

Law: let X_i in {0, 1} with mean p_i given the past, and m_n the mean of p_1..p_n. For every fixed
log odds ratio g, prod exp(g X_i) / (1 - p_i + p_i e^g) is a martingale, and by Jensen (log is
concave) at least exp(g f - n log(1 - m_n + m_n e^g)), f the failures so far. So is a mixture over
g, and by Ville's inequality the set of m where it stays below 1/alpha misses m_n at any time with
probability at most alpha. No assumption of constant rates: the traffic may drift through the day.

Source: Howard, Ramdas, McAuliffe, Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence
sequences", Annals of Statistics 49 (2021), sub-Bernoulli case, here with a discrete mixture.
"""

from math import log

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

ALPHA = 0.05
_STEPS = np.geomspace(0.01, 8.0, 16)
LOG_ODDS = np.concatenate([-_STEPS[::-1], _STEPS])
"""Bets on the odds ratio, from 1.01 (late, narrow) to 3000 (early, wide), equal weights."""


def confidence_sequence(failed: Counts, n: Counts, alpha: float = ALPHA) -> tuple[Floats, Floats]:
    """Return lower and upper limits of the mean failure rate for cumulative counts [t]."""
    middle = np.where(n > 0, failed / np.maximum(n, 1), 0.5)
    low = _crossing(failed, n, np.zeros_like(middle), middle, alpha)
    high = _crossing(failed, n, np.ones_like(middle), middle, alpha)
    return low, high


def _crossing(failed: Counts, n: Counts, out: Floats, inside: Floats, alpha: float) -> Floats:
    """Bisect between `out` (0 or 1) and a point inside; evidence is convex in m, so once is all.

    What is returned lies on the outer side, and is `out` itself where even that is not refuted.
    """
    limit = out.copy()
    edge = np.clip(out, 1e-12, 1.0 - 1e-12)
    refuted = _log_evidence(failed, n, edge) >= log(1.0 / alpha)
    for _ in range(48):
        middle = (edge + inside) / 2.0
        beyond = _log_evidence(failed, n, middle) >= log(1.0 / alpha)
        edge, inside = np.where(beyond, middle, edge), np.where(beyond, inside, middle)
    limit[refuted] = edge[refuted]
    return limit


def _log_evidence(failed: Counts, n: Counts, rate: Floats) -> Floats:
    bets = LOG_ODDS * failed[:, None] - n[:, None] * np.log1p(rate[:, None] * np.expm1(LOG_ODDS))
    top = bets.max(axis=1)
    total: Floats = top + np.log(np.exp(bets - top[:, None]).mean(axis=1))
    return total
