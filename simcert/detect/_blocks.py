"""The factor of one block, and averages of evidence."""

from collections.abc import Sequence
from math import exp, log, log1p


def log_block(n_new: int, f_new: int, n_old: int, f_old: int, a0: float, d: float) -> float:
    """Return the log e-value of the bet (a0, a0 + (1 - a0) d) against its pooled rate."""
    a1 = a0 + (1.0 - a0) * d
    r = n_new / (n_new + n_old)
    m = r * a1 + (1.0 - r) * a0
    return (
        f_new * log(a1 / m)
        + f_old * log(a0 / m)
        + (n_new - f_new) * (log1p(-a1) - log1p(-m))
        + (n_old - f_old) * (log1p(-a0) - log1p(-m))
    )


def log_mean_exp(logs: Sequence[float]) -> float:
    """Return the log of the mean of exp(logs)."""
    top = max(logs)
    return top + log(sum([exp(x - top) for x in logs]) / len(logs))
