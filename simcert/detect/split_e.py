"""Split e-process: do the arms get the shares of connections that the exposure promises."""

from dataclasses import dataclass, field
from math import log, log1p

from simcert.detect._blocks import log_mean_exp
from simcert.detect._state import Stateful
from simcert.model import NEW, OLD, Reading, Verdict, Window

TILTS = (1.25, 1.5, 2.0, 4.0)


@dataclass(slots=True)
class SplitE(Stateful):
    """Evidence that the odds of being served `new` are off the exposure by more than `tolerance`.

    Every connection of either arm is one coin of probability e, resumed or not, failed or not. The
    odds are bet to be `tilts` times too high or too low, against the nearest tolerated odds. A
    broken split or lost records call for a hold: they say nothing about the certificate, so the
    channel has no weight. Valid for coins per connection.
    """

    tolerance: float = 1.1
    tilts: tuple[float, ...] = TILTS
    alpha: float = 1e-4
    log_s: list[float] = field(default_factory=list)  # too high, then too low
    log_e: float = 0.0
    n: int = 0

    def __post_init__(self) -> None:
        self.tilts = tuple(self.tilts)
        if min(self.tilts) <= self.tolerance or self.tolerance < 1.0:
            raise ValueError(f"tilts {self.tilts} must exceed the tolerance {self.tolerance}")
        self.log_s = list(self.log_s) or [0.0] * (2 * len(self.tilts))

    def update(self, window: Window) -> None:
        """Bet on the arms of all connections of the slice."""
        by_arm, e = window.by_arm("attempts"), window.exposure
        n_new, n_old = sum(by_arm[NEW]), sum(by_arm[OLD])
        if not 0.0 < e < 1.0 or not n_new + n_old:
            return
        high = [_log_bet(n_new, n_old, e, tilt, self.tolerance) for tilt in self.tilts]
        low = [_log_bet(n_old, n_new, 1.0 - e, tilt, self.tolerance) for tilt in self.tilts]
        self.log_s = [s + bet for s, bet in zip(self.log_s, high + low, strict=True)]
        self.log_e = log_mean_exp(self.log_s)
        self.n += n_new + n_old

    def reading(self) -> Reading:
        """Fail once the evidence reaches 1 / alpha."""
        limit = -log(self.alpha)
        verdict = Verdict.FAIL if self.log_e >= limit else Verdict.INCONCLUSIVE
        verdict = verdict if self.n else Verdict.NO_DATA
        return Reading(verdict, self.log_e, self.log_e, limit, self.n)


def _log_bet(hits: int, misses: int, p: float, tilt: float, tolerance: float) -> float:
    """Return the log e-value for "odds of a hit are `tilt` times p / (1 - p), not `tolerance`"."""
    shrink = log1p(p * (tolerance - 1.0)) - log1p(p * (tilt - 1.0))
    return hits * (log(tilt / tolerance) + shrink) + misses * shrink
