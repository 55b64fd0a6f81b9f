"""Segment e-processes: the conditional test for each segment and each kind of event at once."""

from dataclasses import dataclass, field
from math import log

import numpy as np
import numpy.typing as npt

from simcert.detect._restart import LOG_ZERO, Restarting
from simcert.detect._rows import Rows
from simcert.model import Reading, Verdict, Window

Floats = npt.NDArray[np.float64]
TELLING = 1.0  # nats; evidence below that is left out of readings
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
    log_s: Floats = field(default_factory=lambda: np.empty((0, 0)))  # [row, theta] nats
    folded: Floats = field(default_factory=lambda: np.empty(0))  # [row] start mass inside log_s
    log_es: Floats = field(default_factory=lambda: np.empty(0))  # [row] nats
    log_e: float = 0.0
    n: int = 0
    _weights: Floats = field(init=False, repr=False)
    _bets: tuple[Floats, Floats] = field(init=False, repr=False)  # theta - 1, ln theta
    _rows: Rows = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._check_mass()
        self.signals, self.thetas = tuple(self.signals), tuple(self.thetas)
        self.shares = tuple(self.shares) or (1.0 / len(self.signals),) * len(self.signals)
        self.names = tuple(self.names)
        self._rows = Rows(self.signals, self.segments_max, self.names)
        thetas = np.array(self.thetas)
        self._bets = (thetas - 1.0, np.log(thetas))
        rows = len(self.names) * len(self.signals)
        self.log_s = np.asarray(self.log_s, float).reshape(rows, len(thetas))
        self.folded = np.asarray(self.folded, float).reshape(rows)
        self.log_es = np.asarray(self.log_es, float).reshape(rows)
        self._weights = self._spread()

    def _spread(self) -> Floats:
        return np.tile(np.array(self.shares) / max(len(self.names), 1), len(self.names))

    def update(self, window: Window) -> None:
        """Bet on every row that has events; rows without are left alone."""
        if not self.names:
            self._open(window.segments)
        self._start(window)
        n_new, _, n_old, _ = window.tally()
        self.n += n_new + n_old
        if n_new and n_old:
            events = self._rows.events(window)
            at = np.flatnonzero(events[0])
            if len(at):
                self._bet(at, events[1, at], events[0, at], n_new / (n_new + n_old))

    def _open(self, segments: tuple[str, ...]) -> None:
        self.names = self._rows.open(segments)
        rows = len(self.names) * len(self.signals)
        self.log_s = np.full((rows, len(self.thetas)), LOG_ZERO)
        self.folded, self.log_es = np.zeros(rows), np.zeros(rows)
        self._weights = self._spread()

    def _bet(self, at: npt.NDArray[np.intp], f_new: Floats, f: Floats, r: float) -> None:
        steps, logs = self._bets
        s = self.log_s[at]
        fresh = self.released - self.folded[at]
        if fresh.any():
            s = np.logaddexp(s, np.log(np.maximum(fresh, 1e-300))[:, None])
        s += f_new[:, None] * logs - f[:, None] * np.log1p(r * steps)
        self.log_s[at], self.folded[at] = s, self.released
        rest = log(max(1.0 - self.released, 1e-300))
        self.log_es[at] = np.logaddexp(_log_mean(s), rest)
        top = float(self.log_es.max())
        self.log_e = top + log(float(self._weights @ np.exp(self.log_es - top)))

    def reading(self) -> Reading:
        """Return the mean evidence; `detail` holds the rows that tell something, in nats."""
        verdict = Verdict.INCONCLUSIVE if self.n else Verdict.NO_DATA
        return Reading(verdict, self.log_e, n=self.n, detail=self._telling())

    def _telling(self) -> dict[str, float]:
        k = len(self.signals)
        return {
            f"{self.names[i // k]}/{self.signals[i % k]}": float(self.log_es[i])
            for i in np.flatnonzero(self.log_es > TELLING)
        }


def _log_mean(s: Floats) -> Floats:
    top = s.max(axis=1)
    mean: Floats = top + np.log(np.exp(s - top[:, None]).mean(axis=1))
    return mean
