"""Confidence sequence for the harm: which differences of failure rates the data still allow."""

from dataclasses import dataclass
from math import log
from typing import Self

import numpy as np
import numpy.typing as npt

from simcert.detect._merge import Merging
from simcert.model import Reading, Verdict, Window
from simcert.model.merging import follows, state, total

Floats = npt.NDArray[np.float64]
NEAR = (0.0005, 0.001, 0.002, 0.0035, 0.005, 0.0075, 0.0115, 0.016, 0.023, 0.032, 0.045)
FAR = (0.065, 0.09, 0.13, 0.18, 0.25, 0.35, 0.5, 0.7, 0.95)
GRID = tuple(sorted({0.0, *NEAR, *FAR, *(-x for x in NEAR), *(-x for x in FAR)}))


@dataclass(slots=True)
class ConfidenceSequence(Merging):
    """For people: P(q_new - q_old ever outside `low`..`high`) <= alpha, if the effect is constant.

    Each difference d of the grid is tested by a bet on the plug-in rates of past slices against
    the nearest point of the line q_new = q_old + d; the interval spans the next grid points around
    those that stand. Needs independent units within a slice, and merged ones the same effect in
    all sources. No test of "no change": `log_e` 0.
    """

    alpha: float = 0.05
    deltas: tuple[float, ...] = GRID
    log_n: Floats = state(total, factory=lambda: np.empty(0))
    highest: Floats = state(follows, factory=lambda: np.empty(0))  # running maxima of log_n
    tally: list[int] = state(total, factory=lambda: [0, 0, 0, 0])  # n_new, f_new, n_old, f_old

    def __post_init__(self) -> None:
        self.deltas = tuple(self.deltas)
        for name in ("log_n", "highest"):
            values = np.asarray(getattr(self, name), float)
            setattr(self, name, values if values.size else np.zeros(len(self.deltas)))

    @property
    def log_e(self) -> float:
        """Return 0: an interval is no evidence."""
        return 0.0

    def update(self, window: Window) -> None:
        """Bet on the rates seen before, then learn from the slice."""
        n_new, f_new, n_old, f_old = found = window.tally()
        if n_new and n_old:
            seen_new, failed_new, seen_old, failed_old = self.tally
            a = (failed_old + 1.0) / (seen_old + 50.0)
            b = (failed_new + 50.0 * a) / (seen_new + 50.0)
            d = np.array(self.deltas)
            c = _project(n_new / (n_new + n_old), a, b, d)
            self.log_n += f_new * np.log(b / (c + d)) + f_old * np.log(a / c)
            self.log_n += (n_new - f_new) * np.log((1.0 - b) / (1.0 - c - d))
            self.log_n += (n_old - f_old) * np.log((1.0 - a) / (1.0 - c))
            np.maximum(self.highest, self.log_n, out=self.highest)
        self.tally = [x + y for x, y in zip(self.tally, found, strict=True)]

    def _join(self, mine: Self, theirs: Self) -> None:
        """Of the product's maximum only its present value is sure, or all if one side never bet."""
        highest = np.maximum(self.log_n, 0.0)
        highest = np.where(theirs._idle, mine.highest, highest)
        self.highest = np.where(mine._idle, theirs.highest, highest)

    @property
    def _idle(self) -> npt.NDArray[np.bool_]:
        return np.logical_not(np.logical_or(self.log_n, self.highest))

    @property
    def interval(self) -> tuple[float, float]:
        """Return low and high; (-1, 1) before any data."""
        stands = np.flatnonzero(self.highest < -log(self.alpha))
        if not len(stands):  # every point rejected: the effect was not constant
            return -1.0, 1.0
        around = (-1.0, *self.deltas, 1.0)
        return around[stands[0]], around[stands[-1] + 2]

    def reading(self) -> Reading:
        """Return the interval in `detail`, the difference seen as `value`."""
        n_new, f_new, n_old, f_old = self.tally
        if not n_new or not n_old:
            return Reading()
        low, high = self.interval
        value = f_new / n_new - f_old / n_old
        return Reading(Verdict.INCONCLUSIVE, 0.0, value, None, n_new, {"low": low, "high": high})


def _project(share: float, a: float, b: float, d: Floats) -> Floats:
    """Return c that minimises (1 - share) KL(a || c) + share KL(b || c + d), by bisection."""
    low, high = np.maximum(0.0, -d), np.minimum(1.0, 1.0 - d)
    for _ in range(50):
        c = 0.5 * (low + high)
        slope = (1.0 - share) * (c - a) / (c * (1.0 - c))
        slope += share * (c + d - b) / ((c + d) * (1.0 - c - d))
        low, high = np.where(slope < 0.0, c, low), np.where(slope < 0.0, high, c)
    return 0.5 * (low + high)
