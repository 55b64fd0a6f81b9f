"""Segment e-processes: the conditional test for each segment and each kind of event at once."""

from dataclasses import dataclass, field
from math import log
from typing import Self

import numpy as np

from simcert.detect._restart import Restarting
from simcert.detect._row_bets import RowBets
from simcert.detect._rows import Floats, Rows, places, union
from simcert.detect._state import NOTHING, SEEN, said
from simcert.model import Reading, Window
from simcert.model.assessment import NO_DETAIL
from simcert.model.merging import follows, state, total

TELLING = 3.0  # rows with smaller e-values are left out of readings
MOST, LOG_MOST = 1e250, 575.0  # an e-value is cut there: smaller is still an e-value
THETAS = (1.3, 1.6, 2.2, 3.5, 8.0, 30.0, 100.0)


@dataclass(slots=True)
class SegmentE(Restarting):
    """Mean evidence of rows (segment, signal), each a conditional e-process as `conditional_e`.

    r is the new arm's share of the *whole* slice: the coin ignores segments, so given (n1, n) the
    arms of any set of failing units are hypergeometric, and a rare segment needs no r of its own.
    `shares` weighs the signals, equally if empty; rows are those of `simcert.detect._rows`.
    Merged row by row: a segment that one side does not know has won and lost nothing there.
    """

    signals: tuple[str, ...] = ("failure",)
    shares: tuple[float, ...] = ()
    thetas: tuple[float, ...] = THETAS
    segments_max: int = 50
    names: tuple[str, ...] = state(follows, ())
    wealth: Floats = state(follows, factory=lambda: np.empty((0, 0)))  # [row, theta]
    folded: Floats = state(follows, factory=lambda: np.empty(0))  # [row] start mass inside wealth
    e: Floats = state(follows, factory=lambda: np.empty(0))  # [row] e-values
    log_e: float = state(follows, 0.0)
    loudest: float = state(follows, 0.0)  # largest of e
    n: int = state(total, 0)
    _weights: Floats = field(init=False, repr=False)
    _bets: RowBets = field(init=False, repr=False)
    _log_top: float = field(init=False, repr=False)  # ln of the largest theta
    _even: float = field(init=False, repr=False, default=-1.0)  # what every row has folded
    _rows: Rows = field(init=False, repr=False)
    _count: Floats = field(init=False, repr=False)  # number of thetas, as an array without axes
    _rest: Floats = field(init=False, repr=False)  # start mass that is not released, likewise

    def __post_init__(self) -> None:
        self._check_mass()
        self.signals, self.thetas = tuple(self.signals), tuple(self.thetas)
        self.shares = tuple(self.shares) or (1.0 / len(self.signals),) * len(self.signals)
        self.names = tuple(self.names)
        self._rows = Rows(self.signals, self.segments_max, self.names)
        self._log_top = log(max(self.thetas))
        self._count, self._rest = np.array(float(len(self.thetas))), np.ones(())
        rows = len(self.names) * len(self.signals)
        self._lay_out(np.asarray(self.wealth, float).reshape(rows, len(self.thetas)))
        self.folded = np.array(self.folded, float).reshape(rows)
        self.e = np.asarray(self.e, float).reshape(rows)

    def _lay_out(self, wealth: Floats) -> None:
        self.wealth = np.array(wealth, order="F")  # turned round, it has long lines
        self._bets = RowBets(self.thetas, len(wealth))
        self._weights = np.tile(np.array(self.shares) / max(len(self.names), 1), len(self.names))

    def update(self, window: Window) -> None:
        """Bet on the rows of the slice; one without any event is no bet."""
        if not self.names:
            self._open(window.segments)
        self._start(window)
        n_new, _, n_old, _ = window.tally()
        self.n += n_new + n_old
        if n_new and n_old:
            f_new = f_old = 0
            for signal in self.signals:
                _, new, _, old = window.tally(signal)
                f_new, f_old = f_new + new, f_old + old
            if f_new or f_old:
                self._bet(self._rows.events(window), f_new, n_new / (n_new + n_old))

    def _open(self, segments: tuple[str, ...]) -> None:
        self.names = self._rows.open(segments)
        rows = len(self.names) * len(self.signals)
        self._lay_out(np.zeros((rows, len(self.thetas))))
        self.folded, self.e = np.zeros(rows), np.ones(rows)

    def _bet(self, events: Floats, f_new: int, r: float) -> None:
        """Bet on all rows at once: one without events is multiplied by 1."""
        growth = self._bets.growth(events, r)
        wealth, released = self.wealth.T, self.released
        if released != self._even:
            wealth += released - (self._even if self._even >= 0.0 else self.folded)
            self.folded.fill(released)
            self._rest.fill(max(1.0 - released, 0.0))
            self._even = released
        if self._bounded(f_new):
            np.multiply(wealth, np.exp(growth, growth), wealth)
        else:
            np.multiply(wealth, np.exp(np.minimum(growth, LOG_MOST, out=growth), growth), wealth)
            np.minimum(wealth, MOST, out=wealth)
        self._weigh()

    def _weigh(self) -> None:
        """Reckon the e-value of each row, and their mean."""
        e = np.add.reduce(self.wealth.T)
        np.divide(e, self._count, e)
        np.add(e, self._rest, e)
        self.e = e
        self.log_e = log(float(self._weights.dot(e)))
        self.loudest = e.item(e.argmax())  # several times faster than max

    def _bounded(self, f_new: int) -> bool:
        """Return whether no wealth can reach MOST by `f_new` events in a row: nothing to cut."""
        return log(len(self.thetas) * (self.loudest + 1.0)) + f_new * self._log_top < LOG_MOST

    def _join(self, mine: Self, theirs: Self) -> None:
        """Multiply both row by row, for each theta; rows over `segments_max` share the last one."""
        Restarting._join(self, mine, theirs)
        names = union(mine.names, theirs.names)
        a, b = mine._staked(names), theirs._staked(names)
        with np.errstate(over="ignore"):
            wealth = np.minimum(a * b + a * theirs.waiting + mine.waiting * b, MOST)
        last = min(len(names), self.segments_max) - 1
        if last < len(names) - 1:
            wealth[last] = wealth[last:].mean(axis=0)
        self.names = self._rows.open(names)
        rows = len(self.names) * len(self.signals)
        self._lay_out(wealth[: last + 1].reshape(rows, len(self.thetas)))
        self.folded, self._even = np.full(rows, self.released), self.released
        self._rest.fill(self.waiting)
        if rows:
            self._weigh()

    def _staked(self, names: tuple[str, ...]) -> Floats:
        """Return the wealth [segment, signal, theta] with all mass released, of these segments."""
        shape = (-1, len(self.signals), len(self.thetas))
        wealth = np.full((len(names), *shape[1:]), self.released)
        staked = self.wealth + (self.released - self.folded)[:, None]
        wealth[places(self.names, names)] = staked.reshape(shape)
        return wealth

    def reading(self) -> Reading:
        """Return the mean evidence; `value` is the number of rows, `detail` the telling ones."""
        verdict, rows = SEEN if self.n else NOTHING, float(len(self.e))
        detail = NO_DETAIL if self.loudest <= TELLING else self._telling()
        return said((verdict, self.log_e, rows, None, self.n, detail))

    def _telling(self) -> dict[str, float]:
        k = len(self.signals)
        return {
            f"{self.names[i // k]}/{self.signals[i % k]}": log(float(self.e[i]))
            for i in (self.e > TELLING).nonzero()[0]
        }
