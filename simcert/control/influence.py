"""Influence: what one source of traffic may add to the evidence, whatever it does.

A source is a group of clients that somebody could own: an address prefix, or a client by itself.
Two limits, both blind to the arm: of the units of a slice at most a share comes from one source,
and the failing units of one source are spent from a purse that fills ever more slowly. Who is left
out depends on sources, order and outcomes, never on arms; so if the certificate changes nothing,
the arms of those who are left are as random as before, and every martingale stays one.
"""

from dataclasses import dataclass
from math import log2

import numpy as np
import numpy.typing as npt

from simcert.model.bounds import NotNegative, Positive, Share

Sources = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

NO_SOURCE = 0
"""A row of this source is not limited: nobody knows where it came from."""
SOURCES_MAX = 200_000  # that failed; the oldest are forgotten


@dataclass(frozen=True, slots=True)
class Limits:
    """In any stretch of W windows a source adds at most `failing(W, n, q)` failing units.

    `share` of the units of a slice (one at least); the k-th failing unit counts 2^(k-1) - 1 times
    `patience_windows` after the first, or when the source has sent so many units that `fair` times
    the common rate of failures asks for as many.
    """

    share: Share = 0.02
    patience_windows: Positive = 60.0
    fair: NotNegative = 2.0

    def failing(self, windows: float, units: int, rate: float) -> int:
        """Return how many failing units count: `windows` after the first, of `units` at `rate`."""
        purse = 1.0 + log2(1.0 + max(windows, 0.0) / self.patience_windows)
        return int(purse + self.fair * rate * units + 1e-9)


@dataclass(slots=True)
class _Purse:
    first_slice: int
    units: int = 0
    failed: int = 0


class Influence:
    """Decides row by row which units count; memory is bounded."""

    def __init__(self, limits: Limits, slices: int) -> None:
        self._limits = limits
        self._slices = slices
        self._purses: dict[int, _Purse] = {}
        self._failing: Sources = np.zeros(0, np.int64)  # names of the purses
        self._here: dict[int, dict[int, int]] = {}  # units by slice and source
        self._usual = 0.0  # counted units of a slice
        self._n, self._f = 0, 0  # counted in closed slices
        self.left_out = 0

    def admit(self, number: int, source: Sources, failed: Mask) -> Mask:
        """Return which of the units of slice `number`, in order of arrival, count as evidence."""
        kept = self._shared(number, source)
        # purses are opened by failures, so nobody else needs to be looked at one by one
        if len(self._failing) != len(self._purses):
            self._failing = np.fromiter(self._purses, np.int64, len(self._purses))
        failing = np.concatenate((self._failing, source[failed]))
        told = kept & (source != NO_SOURCE) & np.isin(source, failing)
        for i in np.flatnonzero(told).tolist():
            name = int(source[i])
            purse = self._purses.get(name)
            if purse is None:
                if not failed[i]:
                    continue
                purse = self._opened(name, number)
            purse.units += 1
            if failed[i]:
                kept[i] = self._spend(purse, number)
        self.left_out += len(kept) - int(np.count_nonzero(kept))
        return kept

    def closed(self, number: int, n: int, failed: int) -> None:
        """Note what a closed slice counted; later slices are limited by it."""
        self._here.pop(number, None)
        self._n += n
        self._f += failed
        weight = 1.0 / self._slices
        self._usual += (n - self._usual) * (weight if self._n > n else 1.0)

    def _shared(self, number: int, source: Sources) -> Mask:
        """Return which rows are within their source's share of the slice."""
        limit = max(1, int(self._limits.share * self._usual))
        names, where, many = np.unique(source, return_inverse=True, return_counts=True)
        here = self._here.setdefault(number, {})
        before = np.array([here.get(name, 0) for name in names.tolist()], np.int64)
        order = np.argsort(where, kind="stable")
        rank = np.empty(len(source), np.int64)
        rank[order] = np.arange(len(source)) - np.repeat(np.cumsum(many) - many, many)
        kept: Mask = (rank + before[where] < limit) | (source == NO_SOURCE)
        for name, count in zip(names.tolist(), (before + many).tolist(), strict=True):
            here[name] = min(count, limit)
        return kept

    def _opened(self, name: int, number: int) -> _Purse:
        while len(self._purses) >= SOURCES_MAX:
            del self._purses[next(iter(self._purses))]
            self._failing = np.zeros(0, np.int64)
        purse = self._purses[name] = _Purse(number)
        return purse

    def _spend(self, purse: _Purse, number: int) -> bool:
        """Return whether one more failing unit is within the purse, and take it."""
        rate = (self._f + 1.0) / (self._n + 50.0)
        windows = (number - purse.first_slice) / self._slices
        within = purse.failed < self._limits.failing(windows, purse.units, rate)
        purse.failed += within
        return within
