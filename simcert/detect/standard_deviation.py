"""Standard deviations: how far one window of the new arm lies from the windows before it."""

from dataclasses import dataclass
from math import sqrt
from typing import Self

from simcert.detect._merge import Merging
from simcert.detect._metrics import check, measure
from simcert.detect._windowed import Windowed
from simcert.model import Verdict, Window
from simcert.model.merging import follows, mean_by, state, total


@dataclass(slots=True)
class StandardDeviation(Windowed, Merging):
    """Fails when the new arm's metric lies more than `limit` standard deviations on the bad side.

    Mean and variance are exponential averages (weight `speed`) of the `baseline` arm's windows
    before this one, `windows_min` of them at least; the variance of a rate is at least binomial,
    so that a small new arm is not blamed for its noise. High is bad unless `metric` is
    `success_rate`. A Shewhart chart: useful to look at, no guarantee against peeking.
    """

    metric: str = "success_rate"
    baseline: str = "old"
    limit: float = 4.0
    speed: float = 0.1
    windows_min: int = 5
    n_min: int = 20
    mean: float = state(mean_by("windows"), 0.0)
    variance: float = state(follows, 0.0)
    windows: int = state(total, 0)

    def __post_init__(self) -> None:
        check(self.metric, self.baseline, "units")

    def _counts(self, window: Window) -> list[float]:
        new = measure(window, self.metric, "new")
        return [*new, *measure(window, self.metric, self.baseline)]

    def _close(self, sums: list[float]) -> None:
        self._judge(sums)
        _, _, above, n = sums
        if n >= max(self.n_min, 1):
            self._learn(above / n)

    def _judge(self, sums: list[float]) -> None:
        above, n, _, _ = sums
        if n >= max(self.n_min, 1) and self.windows >= self.windows_min:
            z = self._z(above / n, n)
            verdict = Verdict.FAIL if z > self.limit else Verdict.PASS
            self._say(verdict, z, self.limit, n, mean=self.mean, now=above / n)
        else:
            self._say(Verdict.NO_DATA, None, self.limit, n)

    def _join(self, mine: Self, theirs: Self) -> None:
        """Take the variance of all windows of both sides, around their common mean."""
        off = [(one.windows, one.variance, one.mean - self.mean) for one in (mine, theirs)]
        self.variance = sum([n * (v + d * d) for n, v, d in off]) / max(self.windows, 1)
        Windowed._join(self, mine, theirs)

    def _z(self, value: float, n: float) -> float:
        """Return the distance to the baseline in standard deviations, positive if bad."""
        worse = self.mean - value if self.metric == "success_rate" else value - self.mean
        least = 0.0
        if self.metric != "handshake_ms":
            rate = min(max(self.mean, 1.0 / n), 1.0 - 1.0 / n)
            least = rate * (1.0 - rate) / n
        return worse / sqrt(max(self.variance, least, 1e-18))

    def _learn(self, value: float) -> None:
        weight = max(self.speed, 1.0 / (self.windows + 1))
        off = value - self.mean
        self.mean += weight * off
        self.variance = (1.0 - weight) * (self.variance + weight * off * off)
        self.windows += 1
