"""Conditional e-process with restart mixture: on which arm do the failures fall."""

from dataclasses import dataclass, field
from math import exp, log, log1p
from typing import Self

from simcert.detect._blocks import log_mean_exp, log_sum_exp
from simcert.detect._restart import LOG_ZERO, Restarting
from simcert.detect._state import NOTHING, SEEN, said
from simcert.model import Reading, Window
from simcert.model.assessment import NO_DETAIL
from simcert.model.merging import follows, state, total

TINY = 1e-12  # start mass below this is rounding
THETAS = (1.15, 1.3, 1.6, 2.2, 3.5, 8.0, 30.0, 150.0)


@dataclass(slots=True)
class ConditionalE(Restarting):
    """Evidence against "the new arm has no more events of `signal`", in nats.

    Given the f events of a slice, the number f1 in the new arm is hypergeometric with the realised
    share r = n1 / n whatever drifts in both arms; by Hoeffding (1963, theorem 4)
    exp(f1 ln theta - f ln(1 - r + r theta)) then has mean at most 1. Under the null
    P(log_e ever >= ln(1 / alpha)) <= alpha. Each theta is one rate ratio that is bet on; `restart`
    False starts every bet at window 1.
    """

    signal: str = "failure"
    thetas: tuple[float, ...] = THETAS
    restart: bool = True
    log_s: list[float] = state(follows, factory=list)  # wealth of each theta, in nats
    folded: float = state(follows, 0.0)  # start mass that log_s already holds
    log_e: float = state(follows, 0.0)
    n: int = state(total, 0)
    _bets: tuple[list[float], list[float]] = field(init=False, repr=False)  # ln theta, theta - 1

    def __post_init__(self) -> None:
        if not self.restart:
            self.first, self.later, self.release = 1.0, 0.0, 0.0
        if min(self.thetas) <= 1.0:
            raise ValueError(f"thetas {self.thetas} must all exceed 1")
        self._check_mass()
        self.thetas = tuple(self.thetas)
        self._bets = [log(theta) for theta in self.thetas], [theta - 1.0 for theta in self.thetas]
        self.log_s = list(self.log_s) or [LOG_ZERO] * len(self.thetas)

    def update(self, window: Window) -> None:
        """Bet on the events of the slice; one without events, or with one empty arm, is no bet."""
        self._start(window)
        n_new, f_new, n_old, f_old = window.tally(self.signal)
        n, f = n_new + n_old, f_new + f_old
        self.n += n
        if f and n_new and n_old:
            self._bet(f_new, f, n_new / n)

    def _bet(self, f_new: int, f: int, r: float) -> None:
        log_thetas, steps = self._bets
        self.log_s = [
            s + f_new * log_theta - f * log1p(r * step)
            for s, log_theta, step in zip(self._staked(), log_thetas, steps, strict=True)
        ]
        self._weigh()

    def _staked(self) -> list[float]:
        """Return the wealth of each theta with the mass that was released since it last bet."""
        fresh = self.released - self.folded
        if fresh <= 0.0:
            return self.log_s
        log_fresh = log(fresh)
        return [
            s + log1p(exp(log_fresh - s))
            if s > log_fresh
            else log_fresh + log1p(exp(s - log_fresh))
            for s in self.log_s
        ]

    def _weigh(self) -> None:
        """Reckon the evidence: the mean wealth, and the mass that waits."""
        self.folded, logs = self.released, self.log_s
        rest, top = 1.0 - self.folded, max(logs)
        if rest > TINY:
            top = max(top, 0.0)
            mean = sum([exp(s - top) for s in logs]) / len(logs)
            self.log_e = top + log(mean + rest * exp(-top))
        else:
            self.log_e = log_mean_exp(logs)

    def _join(self, mine: Self, theirs: Self) -> None:
        """Multiply both for each theta; what no longer waits on both sides is wealth."""
        Restarting._join(self, mine, theirs)
        rest_mine, rest_theirs = _log(mine.waiting), _log(theirs.waiting)
        self.log_s = [
            max(log_sum_exp((a + b, a + rest_theirs, rest_mine + b)), LOG_ZERO)
            for a, b in zip(mine._staked(), theirs._staked(), strict=True)
        ]
        self._weigh()

    def reading(self) -> Reading:
        """Return the evidence; the limit of a decision is the policy's."""
        return said((SEEN if self.n else NOTHING, self.log_e, None, None, self.n, NO_DETAIL))


def _log(mass: float) -> float:
    return log(mass) if mass > 0.0 else LOG_ZERO
