"""Split e-process: do the arms get the shares of connections that the exposure promises."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp, log, log1p, pi
from operator import add
from typing import Self

from simcert.detect._blocks import log_mean_exp, log_sum_exp
from simcert.detect._merge import Merging
from simcert.detect._state import NOTHING, SEEN
from simcert.model import NEW, OLD, Reading, Verdict, Window
from simcert.model.merging import follows, largest, state, total

TILTS = (1.25, 1.5, 2.0, 4.0)
HALF = log(0.5)  # of the mass: one half is bet at once, the other on what begins later


@dataclass(slots=True)
class SplitE(Merging):
    """Evidence that the odds of being served `new` are off the exposure by more than `tolerance`.

    Every connection of either arm is one coin of probability e, resumed or not, failed or not. The
    odds are bet to be `tilts` times too high or too low, against the nearest tolerated odds, from
    the first slice on or from a later one. A broken split or lost records call for a hold: they say
    nothing about the certificate, so the channel has no weight. Valid for coins per connection.

    Hold k = 1, 2, ... may spend alpha * 6 / (pi k)^2: P(a hold, ever, of a tolerated split) is at
    most alpha. It ends when the same bets, turned around, speak against all that it was for: while
    the odds stay off by a tilt that had a share w of its evidence, P(it ends, ever) <= alpha / w.
    What was before is then forgotten. A slice of two exposures is no bet. Merged, evidence is that
    of both, as in `simcert.detect._restart`, but a hold of one side stays, of both with all that
    either wants.
    """

    tolerance: float = 1.1
    tilts: tuple[float, ...] = TILTS
    alpha: float = 1e-4
    log_s: list[float] = state(follows, factory=list)  # too high, then too low
    log_e: float = state(follows, 0.0)  # as it was when the hold began, while there is one
    n: int = state(total, 0)
    slices: int = state(largest, 0, shown=False)  # since evidence, or a hold, began
    holds: int = state(total, 0, shown=False)  # that began so far
    log_shares: list[float] = state(follows, factory=list, shown=False)  # of its evidence, or none
    log_r: list[float] = state(follows, factory=list, shown=False)  # `log_s`, turned around
    log_scale: float = state(follows, 0.0, shown=False)  # share of the waiting mass left by mergers
    _bets: tuple[float, list[tuple[float, float]], list[tuple[float, float]]] = field(
        init=False, repr=False, default=(0.0, [], [])
    )  # exposure, and what a hit and a miss are worth there, too high and too low

    def __post_init__(self) -> None:
        self.tilts = tuple(self.tilts)
        if min(self.tilts) <= self.tolerance or self.tolerance < 1.0:
            raise ValueError(f"tilts {self.tilts} must exceed the tolerance {self.tolerance}")
        self.log_s = list(self.log_s) or [0.0] * (2 * len(self.tilts))
        if not self.log_shares and self.log_e >= self.limit:  # of a state that knew no end
            self._hold()

    @property
    def limit(self) -> float:
        """Evidence that the hold needs that stands, or else the next one, in nats."""
        number = max(self.holds, 1) if self.log_shares else self.holds + 1
        return 2.0 * log(pi * number) - log(6.0 * self.alpha)

    @property
    def left(self) -> float:
        """Evidence for a right split that the hold still wants, in nats; 0 without a hold."""
        sure = [HALF + _log_sum(r, self._log_later) for r in self.log_r]
        want = [w - log(self.alpha) - r for w, r in zip(self.log_shares, sure, strict=True)]
        return max(want, default=0.0)

    def update(self, window: Window) -> None:
        """Bet on the arms of all connections of the slice."""
        served, e = window.per_arm("attempts"), window.exposure
        n_new, n_old = served[NEW], served[OLD]
        if not 0.0 < e < 1.0 or not n_new + n_old or window.mixed or _shared(window):
            return
        if self._bets[0] != e:
            high, low = self._worth(e), self._worth(1.0 - e)
            self._bets = (e, high, low)
        _, high, low = self._bets
        bets = [n_new * hit + n_old * miss for hit, miss in high]
        bets += [n_old * hit + n_new * miss for hit, miss in low]
        self.n += n_new + n_old
        self.slices += 1
        if self.log_shares:
            self._acquit([-bet for bet in bets])
        else:
            self._convict(bets)

    @property
    def _log_later(self) -> float:
        """Mass that waits, an e-value of 1; log of twice of it."""
        return self.log_scale - log(self.slices + 1.0)

    def _convict(self, bets: Sequence[float]) -> None:
        self.log_s = self._grown(self.log_s, bets)
        self._judge()

    def _judge(self) -> None:
        self.log_e = HALF + _log_sum(log_mean_exp(self.log_s), self._log_later)
        if self.log_e >= self.limit:
            self._hold()

    def _hold(self) -> None:
        total = log_mean_exp(self.log_s) + log(len(self.log_s))
        self.log_shares = [one - total for one in self.log_s]
        self.log_r = [0.0] * len(self.log_s)
        self.holds, self.slices, self.log_scale = self.holds + 1, 0, 0.0

    def _acquit(self, bets: Sequence[float]) -> None:
        self.log_r = self._grown(self.log_r, bets)
        if self.left <= 0.0:
            self.log_s, self.log_e = [0.0] * len(self.log_s), 0.0
            self.log_shares, self.log_r, self.slices = [], [], 0

    def _grown(self, logs: Sequence[float], bets: Sequence[float]) -> list[float]:
        """Return the processes after a slice at which each may begin anew; logs of twice them."""
        start = self.log_scale - log(self.slices * (self.slices + 1.0))
        return [_log_sum(one, start) + bet for one, bet in zip(logs, bets, strict=True)]

    def _join(self, mine: Self, theirs: Self) -> None:
        holding = [one for one in (mine, theirs) if one.log_shares]
        if len(holding) == 2:
            self._hold_both(mine, theirs)
        elif holding or not (mine.slices and theirs.slices):
            self._take(holding[0] if holding else mine if mine.slices else theirs)
        else:
            self._multiply(mine, theirs)

    def _hold_both(self, mine: Self, theirs: Self) -> None:
        self.log_e = mine.log_e + theirs.log_e
        self.log_s = list(map(add, mine.log_s, theirs.log_s))
        self.log_shares = list(map(max, mine.log_shares, theirs.log_shares))
        self.log_r = list(map(min, mine.log_r, theirs.log_r))

    def _take(self, one: Self) -> None:
        self.log_s, self.log_e, self.log_scale = [*one.log_s], one.log_e, one.log_scale
        self.log_shares, self.log_r, self.slices = [*one.log_shares], [*one.log_r], one.slices

    def _multiply(self, mine: Self, theirs: Self) -> None:
        a, b = mine._log_later, theirs._log_later
        pairs = zip(mine.log_s, theirs.log_s, strict=True)
        self.log_s = [HALF + log_sum_exp((s + r, s + b, a + r)) for s, r in pairs]
        self.log_scale = HALF + a + b + log(self.slices + 1.0)
        self._judge()

    def reading(self) -> Reading:
        """Fail from when the evidence reaches the limit until as much speaks against it."""
        if not self.log_shares:
            return Reading(SEEN if self.n else NOTHING, self.log_e, self.log_e, self.limit, self.n)
        left = {"nats_left": self.left}
        return Reading(Verdict.FAIL, self.log_e, self.log_e, self.limit, self.n, left)

    def _worth(self, p: float) -> list[tuple[float, float]]:
        """Return the log factors of hit and miss: "odds of a hit are `tilt` times p / (1 - p)"."""
        worth = []
        for tilt in self.tilts:
            shrink = log1p(p * (self.tolerance - 1.0)) - log1p(p * (tilt - 1.0))
            worth.append((log(tilt / self.tolerance) + shrink, shrink))
        return worth


def _shared(window: Window) -> bool:
    """Return whether connections share coins, those of a client or of its network."""
    return window.assignment != "per_connection"


def _log_sum(a: float, b: float) -> float:
    """Return the log of exp(a) + exp(b)."""
    return max(a, b) + log1p(exp(-abs(a - b)))
