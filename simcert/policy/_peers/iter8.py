"""Iter8's loop (engine of 2021): objectives are limits, the best version gets what is not explored.

Versions stand in order, the baseline first; weights are shares of the traffic. The product rounds
them to whole percent by chance, which keeps the mean; here they stay as they are.
Source: iter8-tools/iter8-analytics, api/v2/experiment.py (Apache-2.0), read, not copied.
"""

from collections.abc import Mapping, Sequence
from math import inf, isnan


def holds(value: float | None, lower: float | None = None, upper: float | None = None) -> bool:
    """Return whether a metric lies within its limits, both included; a missing value does not."""
    if value is None or isnan(value):
        return False
    return (lower is None or value >= lower) and (upper is None or value <= upper)


def winner(assessments: Mapping[str, Sequence[bool]]) -> str | None:
    """Return the first candidate if all its objectives hold, else the baseline if its own do.

    An experiment without a candidate asks for conformance: of the baseline alone.
    """
    names = list(assessments)[:2]
    return next((name for name in reversed(names) if all(assessments[name])), None)


def shares(
    old: Sequence[float],
    best: Sequence[bool],
    exploration: float,
    increment: float = inf,
    maximum: float = inf,
) -> tuple[float, ...]:
    """Return the next weights: candidates rise by an increment at most, and fall without limit.

    `exploration` goes to all alike, the rest to the best ones, to the baseline if there is none.
    """
    several = sum(best)
    exploited = [b / several for b in best] if several else [1.0] + [0.0] * (len(best) - 1)
    wishes = [exploration / len(best) + (1.0 - exploration) * part for part in exploited]
    candidates = [
        min(wish, share + increment, maximum)
        for wish, share in zip(wishes[1:], old[1:], strict=True)
    ]
    return (1.0 - sum(candidates), *candidates)
