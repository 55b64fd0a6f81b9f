"""Moving average: one metric of one arm over the last `span_s`, slice by slice."""

from dataclasses import dataclass
from typing import Self

from simcert.detect._merge import Merging
from simcert.detect._metrics import check, measure
from simcert.model import Reading, Verdict, Window
from simcert.model.merging import by_time, follows, state

SLICES_MAX = 2000  # bounds the state, whatever the span


@dataclass(slots=True)
class MovingAverage(Merging):
    """Sum of numerators over sum of denominators of the slices that end in the last `span_s`.

    Fails below `low` or above `high`, if those are given and n reaches `n_min`. It is no test:
    `log_e` is 0.
    """

    metric: str = "success_rate"
    arm: str = "new"
    over: str = "units"
    span_s: float = 600.0
    low: float | None = None
    high: float | None = None
    n_min: int = 1
    parts: list[list[float]] = state(follows, factory=list)  # [end_s, numerator, denominator]
    above: float = state(follows, 0.0)  # sums over the parts
    below: float = state(follows, 0.0)

    def __post_init__(self) -> None:
        check(self.metric, self.arm, self.over)
        self.parts = [[*part] for part in self.parts]

    @property
    def log_e(self) -> float:
        """Return 0: an average is no evidence with an error probability."""
        return 0.0

    def update(self, window: Window) -> None:
        """Take the slice in and let the oldest ones go."""
        above, below = measure(window, self.metric, self.arm, self.over)
        self.parts.append([window.end_s, above, below])
        self.above += above
        self.below += below
        self._let_go()

    def _let_go(self) -> None:
        since_s = self.parts[-1][0] - self.span_s + 1e-6
        while self.parts[0][0] <= since_s or len(self.parts) > SLICES_MAX:
            _, above, below = self.parts.pop(0)
            self.above -= above
            self.below -= below

    def _join(self, mine: Self, theirs: Self) -> None:
        """Add slices that ended at the same time, and look back from the newest."""
        both = by_time(*([(end_s, rest) for end_s, *rest in one.parts] for one in (mine, theirs)))
        self.parts = [[end_s, *rest] for end_s, rest in both.items()]
        self.above = sum([above for _, above, _ in self.parts])
        self.below = sum([below for _, _, below in self.parts])
        if self.parts:
            self._let_go()

    def reading(self) -> Reading:
        """Return the average; no data below `n_min`."""
        n = self.below
        if n < max(self.n_min, 1):
            return Reading(Verdict.NO_DATA, 0.0, None, self._limit(0.0), int(n))
        value = self.above / n
        low, high = self.low, self.high
        bad = (low is not None and value < low) or (high is not None and value > high)
        verdict = Verdict.FAIL if bad else Verdict.PASS
        if low is None and high is None:
            verdict = Verdict.INCONCLUSIVE
        return Reading(verdict, 0.0, value, self._limit(value), int(n))

    def _limit(self, value: float) -> float | None:
        """Return the limit that is nearer to the value."""
        limits = [limit for limit in (self.low, self.high) if limit is not None]
        return min(limits, key=lambda limit: abs(limit - value)) if limits else None
