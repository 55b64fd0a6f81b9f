"""The factors of one block, and averages of evidence."""

from collections.abc import Iterable, Sequence
from math import exp, log, log1p

Block = tuple[float, float, float, float]
"""One bet: rates of the old arm and of the new one, and the logs of their complements."""


def blocks(a0: float, steps: Iterable[float]) -> list[Block]:
    """Return the bet (a0, a0 + (1 - a0) d) for each d of `steps`."""
    log_not_a0 = log1p(-a0)
    ahead = [a0 + (1.0 - a0) * d for d in steps]
    return [(a0, a1, log_not_a0, log1p(-a1)) for a1 in ahead]


def log_blocks(
    n_new: int, f_new: int, n_old: int, f_old: int, bets: Sequence[Block]
) -> list[float]:
    """Return the log e-value of each bet against its pooled rate."""
    r = n_new / (n_new + n_old)
    rest, ok_new, ok_old = 1.0 - r, n_new - f_new, n_old - f_old
    logs = []
    for a0, a1, log_not_a0, log_not_a1 in bets:
        m = r * a1 + rest * a0
        log_not_m = log1p(-m)
        total = f_new * log(a1 / m) + f_old * log(a0 / m)
        total += ok_new * (log_not_a1 - log_not_m)
        logs.append(total + ok_old * (log_not_a0 - log_not_m))
    return logs


def log_sum_exp(logs: Sequence[float]) -> float:
    """Return the log of the sum of exp(logs)."""
    top = max(logs)
    return top + log(sum([exp(x - top) for x in logs]))


def log_mean_exp(logs: Sequence[float]) -> float:
    """Return the log of the mean of exp(logs)."""
    top = max(logs)
    return top + log(sum([exp(x - top) for x in logs]) / len(logs))
