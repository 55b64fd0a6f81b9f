"""Bet on "no effect" against the line q_new = q_old + d: reverse information projection."""

from math import log, log1p

TOLERANCE = 1e-13


def project(share: float, a: float, d: float, guess: float | None = None) -> float:
    """Return c in (0, 1 - d) that minimises (1 - share) KL(a || c) + share KL(a || c + d).

    `share` is the new arm's share of units, in (0, 1). The derivative times its denominators is a
    cubic g with one root in the interval, which lies in (max(0, a - d), min(a, 1 - d)); Newton
    steps that leave the bracket are replaced by bisection.
    """
    low, high = max(0.0, a - d), min(a, 1.0 - d)
    c = guess if guess is not None and low < guess < high else 0.5 * (low + high)
    old, new = 1.0 - share, share
    for _ in range(100):
        s, v, w = c + d, c * (1.0 - c), (c + d) * (1.0 - c - d)
        g = old * (c - a) * w + new * (s - a) * v
        slope = old * (w + (c - a) * (1.0 - 2.0 * s)) + new * (v + (s - a) * (1.0 - 2.0 * c))
        step = g / slope if slope > 0.0 else 2.0
        if abs(step) <= TOLERANCE:
            return c
        low, high = (c, high) if g < 0.0 else (low, c)
        c = c - step if low < c - step < high else 0.5 * (low + high)
    return c


def log_factor(
    n_new: int, f_new: int, n_old: int, f_old: int, a: float, d: float, c: float
) -> float:
    """Return the log e-value of one slice for the bet (a, a) against its projection (c, c + d)."""
    return (
        f_new * log(a / (c + d))
        + f_old * log(a / c)
        + (n_new - f_new) * (log1p(-a) - log1p(-c - d))
        + (n_old - f_old) * (log1p(-a) - log1p(-c))
    )
