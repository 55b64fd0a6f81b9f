"""Segment e-processes: the conditional test for each segment and each kind of event at once."""

from dataclasses import dataclass, field
from math import log

import numpy as np

from simcert.detect._restart import Restarting
from simcert.detect._rows import Floats, Rows
from simcert.detect._state import NOTHING, SEEN
from simcert.model import Reading, Window

TELLING = 3.0  # rows with smaller e-values are left out of readings
MOST, LOG_MOST = 1e250, 575.0  # an e-value is cut there: smaller is still an e-value
THETAS = (1.3, 1.6, 2.2, 3.5, 8.0, 30.0, 100.0)


@dataclass(slots=True)
class SegmentE(Restarting):
    """Mean evidence of rows (segment, signal), each a conditional e-process as `conditional_e`.

    r is the new arm's share of the *whole* slice: the coin ignores segments, so given (n1, n) the
    arms of any set of failing units are hypergeometric, and a rare segment needs no r of its own.
    `shares` weighs the signals, equally if empty; rows are those of `simcert.detect._rows`.
    """

    signals: tuple[str, ...] = ("failure",)
    shares: tuple[float, ...] = ()
    thetas: tuple[float, ...] = THETAS
    segments_max: int = 50
    names: tuple[str, ...] = ()
    wealth: Floats = field(default_factory=lambda: np.empty((0, 0)))  # [row, theta]
    folded: Floats = field(default_factory=lambda: np.empty(0))  # [row] start mass inside wealth
    e: Floats = field(default_factory=lambda: np.empty(0))  # [row] e-values
    log_e: float = 0.0
    loudest: float = 0.0  # largest of e
    n: int = 0
    _weights: Floats = field(init=False, repr=False)
    _bets: tuple[Floats, Floats] = field(init=False, repr=False)  # theta - 1, ln theta
    _log_top: float = field(init=False, repr=False)  # ln of the largest theta
    _even: float = field(init=False, repr=False, default=-1.0)  # what every row has folded
    _rows: Rows = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._check_mass()
        self.signals, self.thetas = tuple(self.signals), tuple(self.thetas)
        self.shares = tuple(self.shares) or (1.0 / len(self.signals),) * len(self.signals)
        self.names = tuple(self.names)
        self._rows = Rows(self.signals, self.segments_max, self.names)
        thetas = np.array(self.thetas)
        self._bets = (thetas - 1.0, np.log(thetas))
        self._log_top = log(max(self.thetas))
        rows = len(self.names) * len(self.signals)
        self.wealth = np.asarray(self.wealth, float).reshape(rows, len(thetas))
        self.folded = np.array(self.folded, float).reshape(rows)
        self.e = np.asarray(self.e, float).reshape(rows)
        self._weights = self._spread()

    def _spread(self) -> Floats:
        return np.tile(np.array(self.shares) / max(len(self.names), 1), len(self.names))

    def update(self, window: Window) -> None:
        """Bet on the rows of the slice; one without any event is no bet."""
        if not self.names:
            self._open(window.segments)
        self._start(window)
        n_new, _, n_old, _ = window.tally()
        self.n += n_new + n_old
        if n_new and n_old:
            events = self._rows.events(window)
            if events is not None:
                self._bet(events[1], events[0] + events[1], n_new / (n_new + n_old))

    def _open(self, segments: tuple[str, ...]) -> None:
        self.names = self._rows.open(segments)
        rows = len(self.names) * len(self.signals)
        self.wealth = np.zeros((rows, len(self.thetas)))
        self.folded, self.e = np.zeros(rows), np.ones(rows)
        self._weights = self._spread()

    def _bet(self, f_new: Floats, f: Floats, r: float) -> None:
        """Bet on all rows at once: one without events is multiplied by 1."""
        steps, logs = self._bets
        growth = f_new[:, None] * logs
        growth -= f[:, None] * np.log1p(r * steps)
        wealth, released = self.wealth, self.released
        if released != self._even:
            wealth += (released - self.folded)[:, None]
            self.folded.fill(released)
            self._even = released
        if self._bounded(max(f_new.tolist())):
            wealth *= np.exp(growth, out=growth)
        else:
            wealth *= np.exp(np.minimum(growth, LOG_MOST, out=growth), out=growth)
            np.minimum(wealth, MOST, out=wealth)
        e = np.add.reduce(wealth, axis=1)
        e /= len(logs)
        e += max(1.0 - released, 0.0)
        self.e = e
        self.log_e = log(float(self._weights.dot(e)))
        self.loudest = max(e.tolist())

    def _bounded(self, f_new: float) -> bool:
        """Return whether no wealth can reach MOST by `f_new` events in a row: nothing to cut."""
        return log(len(self.thetas) * (self.loudest + 1.0)) + f_new * self._log_top < LOG_MOST

    def reading(self) -> Reading:
        """Return the mean evidence; `value` is the number of rows, `detail` the telling ones."""
        verdict, rows = SEEN if self.n else NOTHING, float(len(self.e))
        if self.loudest <= TELLING:
            return Reading(verdict, self.log_e, rows, n=self.n)
        return Reading(verdict, self.log_e, rows, n=self.n, detail=self._telling())

    def _telling(self) -> dict[str, float]:
        k = len(self.signals)
        return {
            f"{self.names[i // k]}/{self.signals[i % k]}": log(float(self.e[i]))
            for i in (self.e > TELLING).nonzero()[0]
        }
