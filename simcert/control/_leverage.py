"""Leverage: in no row of evidence does one source weigh more than a share of all the others.

A row is what some channel counts: all failures, those of a segment, of a signal, or of a signal in
a segment. The first failing unit of a source counts in each; any further one only while the source
has added less than 1 + `share` times what all units of the row were expected to fail in the smaller
arm, the sum of failures times exposure or its rest. So whoever fails on purpose where nobody else
does is one failing unit for ever; among others he looks like a rate ratio of 1 + `share`, at which
every bet loses (one on theta does up to (theta - 1) / ln theta), whichever certificate he refuses.
Exposures are known before the coin: arms play no part in who counts.
"""

import numpy as np
import numpy.typing as npt

from simcert.control._purses import Purses
from simcert.model import SIGNALS, Window
from simcert.model.outcome import in_signal

Ints = npt.NDArray[np.int64]

ROWS_MAX = 400_000  # of sources that failed; the oldest are forgotten
_EACH = 8  # rows of one segment: all of its failures, then one for each signal
_SIGNALS = SIGNALS[1:]  # the first is any failure
_MIX, _TURN = np.uint64(0x9E3779B97F4A7C15), np.uint64(29)


def signal_of(outcome: str) -> int:
    """Return the number of the signal that a failure is an event of."""
    return next((i for i, one in enumerate(_SIGNALS, 1) if in_signal(outcome, one)), 0)


def rows_of(segment: Ints, signal: Ints) -> Ints:
    """Return the rows that failures belong to, [failure, level]; segment 0 stands for all."""
    within = _EACH * (segment + 1)
    return np.stack((0 * signal, signal, within, within + signal), axis=1)


class Leverage:
    """Counts failing units by source and row, and what each row was expected to fail."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._spent = Purses(ROWS_MAX)
        self._expected: dict[int, float] = {}

    def places(self, source: Ints, rows: Ints, number: int) -> Ints:
        """Return where each source's count in each of its rows stands: [failure, level]."""
        names = _names(source[:, None], rows).ravel()
        known = self._spent.places(names)[1]
        self._spent.open(np.unique(names[~known]), number)
        return self._spent.places(names)[0].reshape(rows.shape)

    def take(self, places: Ints, rows: Ints) -> bool:
        """Return whether one more failing unit is within the leverage in all rows, and count it."""
        spent = self._spent.failed[places].tolist()
        expected = [self._expected.get(row, 0.0) for row in rows.tolist()]
        limits = [1.0 + self._share * one for one in expected]
        within = all(one + 1.0 <= most + 1e-9 for one, most in zip(spent, limits, strict=True))
        self._spent.failed[places] += within
        return within

    def closed(self, window: Window) -> None:
        """Note the failures that a closed slice counted, and the exposure they met."""
        failed = window.units.sum(axis=1)
        for segment, column in zip(*np.nonzero(failed), strict=True):
            outcome = window.outcomes[int(column)]
            if in_signal(outcome, "failure"):
                smaller = min(window.exposure, 1.0 - window.exposure)
                weight = smaller * int(failed[segment, column])
                rows = rows_of(np.array([segment]), np.array([signal_of(outcome)]))
                for row in rows[0].tolist():
                    self._expected[row] = self._expected.get(row, 0.0) + weight


def _names(source: Ints, rows: Ints) -> Ints:
    """Return a name for each source and row."""
    mixed = (source.view(np.uint64) ^ (rows.astype(np.uint64) << _TURN)) * _MIX
    mixed = (mixed ^ (mixed >> _TURN)) * _MIX
    return mixed.view(np.int64)
