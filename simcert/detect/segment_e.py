"""Segment e-processes: the conditional test for each segment and each kind of event at once."""

from dataclasses import dataclass, field
from math import log
from typing import Any, ClassVar, Self

import numpy as np

from simcert.detect._restart import Restarting
from simcert.detect._row_bets import MOST, RowBets
from simcert.detect._rows import Floats, places, row, union
from simcert.detect._segment_bank import SegmentBank, bet
from simcert.detect._state import NOTHING, SEEN, Stateful, said
from simcert.model import Reading, Window
from simcert.model.assessment import NO_DETAIL
from simcert.model.merging import follows, state, total

TELLING = 3.0  # rows with smaller e-values are left out of readings
_TELLING = np.array(TELLING)  # numpy is slow to take a number of Python's
THETAS = (1.3, 1.6, 2.2, 3.5, 8.0, 30.0, 100.0)


@dataclass(slots=True)
class SegmentE(Restarting):
    """Mean evidence of rows (segment, signal), each a conditional e-process as `conditional_e`.

    r is the new arm's share of the *whole* slice: the coin ignores segments, so given (n1, n) the
    arms of any set of failing units are hypergeometric, and a rare segment needs no r of its own.
    `shares` weighs the signals, equally if empty; rows are those of `simcert.detect._rows`.
    Merged row by row: a segment that one side does not know has won and lost nothing there.
    """

    bank: ClassVar[type[SegmentBank]] = SegmentBank

    signals: tuple[str, ...] = ("failure",)
    shares: tuple[float, ...] = ()
    thetas: tuple[float, ...] = THETAS
    segments_max: int = 50
    names: tuple[str, ...] = state(follows, ())
    wealth: Floats = state(follows, factory=lambda: np.empty((0, 0)))  # [segment, signal, theta]
    folded: Floats = state(follows, factory=lambda: np.empty(0))  # [row] start mass inside wealth
    e: Floats = state(follows, factory=lambda: np.empty(0))  # [segment, signal] e-values
    log_e: float = state(follows, 0.0)
    loudest: float = state(follows, 0.0)  # largest of e
    n: int = state(total, 0)
    bets: RowBets = field(init=False, repr=False)  # wealth and e lie there, maybe beside others'
    even: float = field(init=False, repr=False, default=0.0)  # what every row has folded
    _weights: Floats = field(init=False, repr=False)
    _line: Floats = field(init=False, repr=False)  # e, signal by signal

    def __post_init__(self) -> None:
        self._check_mass()
        self.signals, self.thetas = tuple(self.signals), tuple(self.thetas)
        self.shares = tuple(self.shares) or (1.0 / len(self.signals),) * len(self.signals)
        self.names = tuple(self.names)
        for signal in self.signals:
            row(signal)  # which knows all that there are
        rows, k = len(self.names) * len(self.signals), len(self.thetas)
        self.wealth = np.array(self.wealth, float).reshape(rows, k)
        self.folded = np.array(self.folded, float).reshape(rows)
        self.e = np.array(self.e, float).reshape(rows)
        if self.names:
            self.even = float(self.folded.max())
            self._lay_out(self.wealth + (self.even - self.folded)[:, None], self.e)

    def _lay_out(self, wealth: Floats, e: Floats) -> None:
        """Lay out wealth [row, theta] and e-values [row], row = segment * signals + signal."""
        segments, signals, k = len(self.names), len(self.signals), len(self.thetas)
        lines = wealth.reshape(segments, signals, k).transpose(1, 2, 0)  # long ones
        bets = [(signal, self.thetas) for signal in self.signals]
        e = e.reshape(segments, signals).T.copy()
        self.hold(RowBets(bets, lines.reshape(signals * k, segments).copy(), e))
        self._weights = np.repeat(np.array(self.shares) / segments, segments)

    def hold(self, bets: RowBets) -> None:
        """Let wealth and e-values lie in `bets`, which hold the same numbers."""
        self.bets, self.e, self._line = bets, bets.e.T, bets.e.reshape(-1)
        lines = bets.wealth.reshape(len(self.signals), len(self.thetas), len(self.names))
        self.wealth = lines.transpose(2, 0, 1)

    def update(self, window: Window) -> None:
        """Bet on the rows of the slice; one without any event is no bet."""
        f_new = self.due(window)
        if f_new is not None:
            bet((self,), self.bets, window, f_new)

    def due(self, window: Window) -> int | None:
        """Count the slice; return the events of the new arm, None if there is nothing to bet on."""
        if not self.names:
            self._open(window.segments)
        self._start(window)
        n_new, _, n_old, _ = window.tally()
        self.n += n_new + n_old
        if not n_new or not n_old:
            return None
        f_new = f_old = 0
        for signal in self.signals:
            _, new, _, old = window.tally(signal)
            f_new, f_old = f_new + new, f_old + old
        return f_new if f_new or f_old else None

    def _open(self, segments: tuple[str, ...]) -> None:
        self.names = segments[: self.segments_max]
        rows = len(self.names) * len(self.signals)
        self._lay_out(np.zeros((rows, len(self.thetas))), np.ones(rows))

    def learn(self) -> None:
        """Read the evidence off the e-values of the rows."""
        self.log_e = log(float(self._weights.dot(self._line)))
        self.loudest = self._line.item(self._line.argmax())  # several times faster than max

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
        if names:
            self._open(names)
            self._lay_out(wealth[: last + 1], np.ones(self.e.size))
            self.even = self.released
            self.bets.weigh(self.waiting)
            self.learn()

    def _staked(self, names: tuple[str, ...]) -> Floats:
        """Return the wealth [segment, signal, theta] with all mass released, of these segments."""
        wealth = np.full((len(names), len(self.signals), len(self.thetas)), self.released)
        if self.names:
            wealth[places(self.names, names)] = self.wealth + (self.released - self.even)
        return wealth

    def reading(self) -> Reading:
        """Return the mean evidence; `value` is the number of rows, `detail` the telling ones."""
        verdict, rows = SEEN if self.n else NOTHING, float(self.e.size)
        detail = NO_DETAIL if self.loudest <= TELLING else self._telling()
        return said((verdict, self.log_e, rows, None, self.n, detail))

    def _telling(self) -> dict[str, float]:
        """Return the log e-values of telling rows, segment by segment."""
        count, told = len(self.names), {}
        at = np.greater(self._line, _TELLING).nonzero()[0].tolist()
        for i in sorted(at, key=count.__rmod__) if len(self.signals) > 1 else at:
            signal, segment = divmod(i, count)
            told[f"{self.names[segment]}/{self.signals[signal]}"] = log(self._line.item(i))
        return told

    def to_dict(self) -> dict[str, Any]:
        """Return parameters and state as JSON values; wealth and e-values by row."""
        rows = {
            "wealth": self.wealth.reshape(self.e.size, len(self.thetas)).tolist(),
            "folded": [self.even] * self.e.size,
            "e": self.e.ravel().tolist(),
        }
        return {**Stateful.to_dict(self), **rows}

    def __reduce__(self) -> tuple[object, ...]:
        """Copy by the state: wealth that lies in a bank is the copy's own."""
        return type(self).from_dict, (self.to_dict(),)
