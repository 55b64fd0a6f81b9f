"""Bets on all rows at once: what `simcert.detect.segment_e` multiplies its wealth by."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class RowBets:
    """Log factors f1 ln theta - f ln(1 + r (theta - 1)) of f1 events of f, [theta, row].

    The arrays are small, so what counts is the number of calls: each is laid out once, a number
    stands in an array without axes (numpy is slow to take one of Python's), and one product of
    matrices makes both terms, each of them exact, for what is added to it is 0.
    """

    def __init__(self, thetas: tuple[float, ...], rows: int) -> None:
        self._size = thetas, rows
        k = len(thetas)
        self._steps = np.array(thetas) - 1.0
        self._share = np.ones(())
        self._log_rates = np.empty(k)
        self._table = np.zeros((2 * k, 2))
        self._table[:k, 0] = np.log(np.array(thetas))
        self._paying = self._table[k:, 1]
        self._terms = np.empty((2 * k, rows))
        self._won, self._paid = self._terms[:k], self._terms[k:]

    def __reduce__(self) -> tuple[type, tuple[tuple[float, ...], int]]:
        """Let a copy lay out its own arrays, for views into copies would be copies themselves."""
        return RowBets, self._size

    def growth(self, events: Floats, r: float) -> Floats:
        """Return the factors for `events` [(new, both), row]; the next call overwrites them."""
        self._share.fill(r)
        rates = np.multiply(self._steps, self._share, self._log_rates)
        self._paying[:] = np.log1p(rates, rates)
        np.dot(self._table, events, self._terms)
        return np.subtract(self._won, self._paid, self._won)
