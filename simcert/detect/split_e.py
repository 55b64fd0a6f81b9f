"""Split e-process: do the arms get the shares of connections that the exposure promises."""

from dataclasses import dataclass, field
from math import log, log1p

from simcert.detect._blocks import log_mean_exp
from simcert.detect._state import NOTHING, SEEN, Stateful
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
    _bets: tuple[float, list[tuple[float, float]], list[tuple[float, float]]] = field(
        init=False, repr=False, default=(0.0, [], [])
    )  # exposure, and what a hit and a miss are worth there, too high and too low

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
        if self._bets[0] != e:
            high, low = self._worth(e), self._worth(1.0 - e)
            self._bets = (e, high, low)
        _, high, low = self._bets
        bets = [n_new * hit + n_old * miss for hit, miss in high]
        bets += [n_old * hit + n_new * miss for hit, miss in low]
        self.log_s = [s + bet for s, bet in zip(self.log_s, bets, strict=True)]
        self.log_e = log_mean_exp(self.log_s)
        self.n += n_new + n_old

    def reading(self) -> Reading:
        """Fail once the evidence reaches 1 / alpha."""
        limit = -log(self.alpha)
        verdict = SEEN if self.n else NOTHING
        verdict = verdict if self.log_e < limit else Verdict.FAIL
        return Reading(verdict, self.log_e, self.log_e, limit, self.n)

    def _worth(self, p: float) -> list[tuple[float, float]]:
        """Return the log factors of hit and miss: "odds of a hit are `tilt` times p / (1 - p)"."""
        worth = []
        for tilt in self.tilts:
            shrink = log1p(p * (self.tolerance - 1.0)) - log1p(p * (tilt - 1.0))
            worth.append((log(tilt / self.tolerance) + shrink, shrink))
        return worth
