"""Suspicion: a one-sample CUSUM of the new arm against a slow baseline; it only rebalances."""

from dataclasses import dataclass
from math import log, log1p
from typing import Self

from simcert.detect._merge import Merging
from simcert.detect._restart import fell
from simcert.detect._state import NOTHING, SEEN, rung, said
from simcert.model import Reading, Window
from simcert.model.merging import follows, largest, mean_by, state, total


@dataclass(slots=True)
class SuspicionCusum(Merging):
    """Counts the alarms of G = max(0, G + f1 ln ratio - (ratio - 1) n1 q) > `limit` (nats).

    q is the rate of `signal` over both arms: an average that starts as `rate` worth `seen` units
    and forgets with weight `speed` a window; `trend_speed` lets it follow a daily wave, so that
    the wave moves q and not G. It learns a slice only `delay` windows later and looks ahead along
    its trend, so that a fault does not hide in its own baseline while it is being found. Fed from
    exposure `from_exposure` on; G starts afresh after an alarm and when the exposure falls. Chance
    alarms come per unit, so after `patience` exposed units the limit grows with their logarithm,
    and `per_alarm` times ln(1 + alarms): who was wrong before needs more. What the last alarm
    was raised at is kept, for G is 0 again after it. Suspicion is no test: `log_e` is 0.
    """

    signal: str = "failure"
    ratio: float = 1.5
    limit: float = 6.907755278982137  # ln 1000
    speed: float = 0.07
    trend_speed: float = 0.0
    delay: float = 0.0  # windows
    per_alarm: float = 0.0  # nats
    trend_max: float = 0.02  # of q, a window
    from_exposure: float = 0.3
    patience: float = 1e6  # exposed units
    rate: float = state(mean_by("learned"), 0.02)
    seen: float = 25.0  # units that the first rate is worth
    learned: int = state(total, 0, shown=False)  # units since
    trend: float = state(mean_by("learned"), 0.0)  # change of q in a window
    g: float = state(largest, 0.0)
    alarms: int = state(total, 0)
    alarm_g: float = state(follows, 0.0, shown=False)  # G at the last alarm, told only
    alarm_limit: float = state(follows, 0.0, shown=False)  # that it was above
    n: int = state(total, 0)
    exposure: float = state(largest, 0.0)
    recent: list[list[int]] = state(total, factory=list)  # slices to be learned: units, events

    @property
    def log_e(self) -> float:
        """Return 0: suspicion is no evidence."""
        return 0.0

    @property
    def threshold(self) -> float:
        """Return the alarm limit after the units seen and the alarms raised."""
        grown = log(max(1.0, self.n / self.patience)) + self.per_alarm * log1p(self.alarms)
        return self.limit + grown

    def update(self, window: Window) -> None:
        """Compare the new arm with the baseline of earlier slices, then move the baseline."""
        exposure = window.exposure
        if exposure != self.exposure:
            self.g = 0.0 if fell(self.exposure, exposure) else self.g
            self.exposure = exposure
        n_new, f_new, n_old, f_old = window.tally(self.signal)
        if exposure >= self.from_exposure:
            self._compare(n_new, f_new)
        self.recent.append([n_new + n_old, f_new + f_old])
        if len(self.recent) > round(self.delay * window.slices):
            n, f = self.recent.pop(0)
            if n:
                self._learn(n, f, window.slices)
        self.n += n_new

    def _compare(self, n_new: int, f_new: int) -> None:
        rate = max(self.rate + self.trend * self.delay, 0.5 * self.rate)
        drift = (self.ratio - 1.0) * n_new * rate
        self.g = max(0.0, self.g + f_new * log(self.ratio) - drift)
        limit = self.threshold
        if self.g > limit:
            self.alarm_g, self.alarm_limit = self.g, limit
            self.alarms += 1
            self.g = 0.0

    def _learn(self, n: int, f: int, slices: int) -> None:
        self.learned += n
        weight = max(self.speed / slices, n / (self.seen + self.learned))
        ahead = self.rate + self.trend / slices
        error = f / n - ahead
        self.rate = max(ahead + weight * error, 0.5 * self.rate)
        cap = self.trend_max * self.rate
        trend = self.trend + self.trend_speed * self.speed / slices * error
        self.trend = min(max(trend, -cap), cap)

    def _join(self, mine: Self, theirs: Self) -> None:
        """Be as suspicious as the more suspicious side; of the two last alarms keep the louder."""
        alarms = [(one.alarm_g, one.alarm_limit) for one in (mine, theirs)]
        self.alarm_g, self.alarm_limit = max(alarms)

    def reading(self) -> Reading:
        """Return G, its limit, the exposed units seen, the number of alarms, and the last one."""
        verdict = SEEN if self.n else NOTHING
        alarms = rung(self.alarms, self.signal, self.alarm_g, self.alarm_limit)
        return said((verdict, 0.0, self.g, self.threshold, self.n, alarms))
