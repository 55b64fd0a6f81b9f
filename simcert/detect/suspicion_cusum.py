"""Suspicion: a one-sample CUSUM of the new arm against a slow baseline; it only rebalances."""

from dataclasses import dataclass
from math import log

from simcert.detect._restart import fell
from simcert.detect._state import Stateful
from simcert.model import Reading, Verdict, Window


@dataclass(slots=True)
class SuspicionCusum(Stateful):
    """Reading.value is G = max(0, G + f1 ln ratio - (ratio - 1) n1 q), alarm at `limit` (nats).

    q is the rate of `signal` over both arms, an exponential average with weight `speed` a window
    and a trend with weight `trend_speed`, so that a daily wave moves the baseline and not G. Fed
    from exposure `from_exposure` on; G starts afresh when the exposure falls. The limit grows by
    ln(units per window / `reference`), for chance alarms come per connection. No test: `log_e` 0.
    """

    signal: str = "failure"
    ratio: float = 1.5
    limit: float = 6.907755278982137  # ln 1000
    speed: float = 0.07
    trend_speed: float = 0.0
    from_exposure: float = 0.3
    rate: float | None = None  # q; None until the first units
    trend: float = 0.0  # change of q in a window
    reference: float | None = None  # units per window at which `limit` holds as given
    units: float = 0.0  # per window, exponential average
    g: float = 0.0
    alarm: bool = False
    n: int = 0
    exposure: float = 0.0

    @property
    def log_e(self) -> float:
        """Return 0: suspicion is no evidence."""
        return 0.0

    @property
    def threshold(self) -> float:
        """Return the alarm limit at the present traffic."""
        if self.reference is None or self.units <= self.reference:
            return self.limit
        return self.limit + log(self.units / self.reference)

    def update(self, window: Window) -> None:
        """Compare the new arm with the baseline of earlier slices, then move the baseline."""
        if fell(self.exposure, window.exposure):
            self.g = 0.0
        self.exposure = window.exposure
        n_new, f_new, n_old, f_old = window.tally(self.signal)
        n = n_new + n_old
        if self.rate is not None and window.exposure >= self.from_exposure:
            drift = (self.ratio - 1.0) * n_new * self.rate
            self.g = max(0.0, self.g + f_new * log(self.ratio) - drift)
        if n:
            self._learn(n, f_new + f_old, window.slices)
        self.n += n_new
        self.alarm = self.g > self.threshold

    def _learn(self, n: int, f: int, slices: int) -> None:
        self.units += (n * slices - self.units) * (1.0 if not self.units else 0.1 / slices)
        if self.rate is None:
            self.rate = (f + 0.5) / (n + 25.0)
            return
        ahead = self.rate + self.trend / slices
        error = f / n - ahead
        self.rate = max(ahead + self.speed / slices * error, 0.1 * self.rate)
        self.trend += self.trend_speed * self.speed / slices * error

    def reading(self) -> Reading:
        """Return G, its limit and the exposed units seen."""
        verdict = Verdict.FAIL if self.alarm else Verdict.PASS
        return Reading(verdict if self.n else Verdict.NO_DATA, 0.0, self.g, self.threshold, self.n)
