"""Success rate: the share of units that ended `ok`, window by window, against a fixed limit."""

from dataclasses import dataclass, field

import numpy as np

from simcert.detect._windowed import Windowed
from simcert.model import OK, Verdict, Window

ARMS = ("new", "old", "both")


@dataclass(slots=True)
class SuccessRate(Windowed):
    """Fails when `datapoints` of the last `of` windows with at least `n_min` were below `limit`.

    `arm` is new, old or both; `over` is `units` or `attempts` (every connection, resumed ones
    included). Windows with fewer than `n_min` say nothing and are not remembered.
    """

    limit: float = 0.95
    arm: str = "new"
    over: str = "units"
    n_min: int = 1
    datapoints: int = 1
    of: int = 1
    below: list[bool] = field(default_factory=list)  # newest last

    def __post_init__(self) -> None:
        if self.arm not in ARMS or self.over not in ("units", "attempts"):
            raise ValueError(
                f"arm {self.arm!r} is none of {ARMS}, or over {self.over!r} is unknown"
            )
        if not 1 <= self.datapoints <= self.of:
            raise ValueError(f"need 1 <= datapoints <= of, got {self.datapoints} of {self.of}")
        self.below = list(self.below)

    def _counts(self, window: Window) -> list[int]:
        if self.over == "attempts":
            return _attempts(window, self.arm)
        n_new, f_new, n_old, f_old = window.tally()
        if self.arm == "both":
            return [n_new + n_old, f_new + f_old]
        return [n_new, f_new] if self.arm == "new" else [n_old, f_old]

    def _close(self, sums: list[int]) -> None:
        n, failed = sums
        if n < max(self.n_min, 1):
            verdict = Verdict.FAIL if self._rings() else Verdict.NO_DATA
            self._say(None, self.limit, n, verdict)
            return
        rate = (n - failed) / n
        self.below = [*self.below, rate < self.limit][-self.of :]
        self._say(rate, self.limit, n, Verdict.FAIL if self._rings() else Verdict.PASS)

    def _rings(self) -> bool:
        return sum(self.below) >= self.datapoints


def _attempts(window: Window, arm: str) -> list[int]:
    """Return connections and failed ones of an arm."""
    by = np.add.reduce(window.attempts, axis=0)
    rows = by.sum(axis=0) if arm == "both" else by[1 if arm == "new" else 0]
    n = int(rows.sum())
    ok = int(rows[window.outcomes.index(OK)]) if OK in window.outcomes else 0
    return [n, n - ok]
