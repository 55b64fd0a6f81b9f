"""Behavioural metrics of an arm as numerator and denominator, so that windows add up.

`success_rate`: ok / all; `handshake_ms`: sum of bin middles / successful full handshakes;
`feature:<name>` and `signal:<name>`: share of handshakes with it. `over` is `units` or `attempts`
(every connection, resumed ones included) for the rates of outcomes.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

from simcert.model import FEATURES, NEW, OK, OLD, SIGNALS, TIME_EDGES_MS, Window, in_signal

ARMS = {"new": (NEW,), "old": (OLD,), "both": (OLD, NEW)}
OVER = ("units", "attempts")
MIDDLES_MS: npt.NDArray[np.float64] = np.concatenate(
    ([TIME_EDGES_MS[0]], np.sqrt(TIME_EDGES_MS[1:] * TIME_EDGES_MS[:-1]), [TIME_EDGES_MS[-1]])
)
"""Geometric middle of each bin of `time_hist`; the open ends count as their edge."""


def check(metric: str, arm: str, over: str) -> None:
    """Raise ValueError for a metric, arm or population that does not exist."""
    kind, _, name = metric.partition(":")
    known = {"feature": FEATURES, "signal": SIGNALS}.get(kind)
    if metric not in ("success_rate", "handshake_ms") and (known is None or name not in known):
        raise ValueError(f"unknown metric {metric!r}")
    if arm not in ARMS or over not in OVER:
        raise ValueError(f"arm {arm!r} must be one of {[*ARMS]}, over {over!r} one of {OVER}")


def measure(window: Window, metric: str, arm: str, over: str = "units") -> tuple[float, float]:
    """Return numerator and denominator of `metric` in one slice."""
    kind, _, name = metric.partition(":")
    if over == "units" and kind in ("success_rate", "signal"):
        return _of_units(window, name, arm)
    arms = ARMS[arm]
    if kind == "handshake_ms":
        times = [window.by_arm("time_hist")[i] for i in arms]
        total = sum([float(np.dot(row, MIDDLES_MS)) for row in times])
        return total, float(sum(map(sum, times)))
    if kind == "feature":
        at = FEATURES.index(name)
        having = sum([window.by_arm("features")[i][at] for i in arms])
        return float(having), float(sum([window.per_arm("time_hist")[i] for i in arms]))
    rows = [window.by_arm(over)[i] for i in arms]
    columns = _columns(window.outcomes, name)
    return float(sum([row[i] for row in rows for i in columns])), float(sum(map(sum, rows)))


def _of_units(window: Window, signal: str, arm: str) -> tuple[float, float]:
    n_new, seen_new, n_old, seen_old = window.tally(signal or "failure")
    seen, n = {"new": (seen_new, n_new), "old": (seen_old, n_old)}.get(
        arm, (seen_new + seen_old, n_new + n_old)
    )
    return float(seen if signal else n - seen), float(n)


@cache
def _columns(outcomes: tuple[str, ...], signal: str) -> tuple[int, ...]:
    if not signal:
        return tuple(i for i, name in enumerate(outcomes) if name == OK)
    return tuple(i for i, name in enumerate(outcomes) if in_signal(name, signal))
