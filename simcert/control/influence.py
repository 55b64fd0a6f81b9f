"""Influence: what one source of traffic may add to the evidence, whatever it does.

A source is a group of clients that somebody could own: an address prefix, or a client by itself.
Three limits, all blind to the arm: of the units of a slice at most a share comes from one source;
the failing units of one source are spent from a purse that fills ever more slowly; and they are a
share of what all others fail (`_leverage`). Who is left out depends on sources, order, outcomes and
exposures, never on arms; so if the certificate changes nothing, the arms of those who are left are
as random as before, and every martingale stays one.
"""

from dataclasses import dataclass
from math import log2

import numpy as np
import numpy.typing as npt

from simcert.control._leverage import Leverage
from simcert.control._purses import Purses
from simcert.model import Window
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
    the common rate of failures asks for as many. Where nobody else fails alike, with the same
    outcome in the same segment, it is one failing unit however large its purse: see `_leverage`,
    which is off where one source may be all of the traffic.
    """

    share: Share = 0.02
    patience_windows: Positive = 60.0
    fair: NotNegative = 2.0
    leverage: NotNegative = 0.1

    def failing(self, windows: float, units: int, rate: float) -> int:
        """Return how many failing units count: `windows` after the first, of `units` at `rate`."""
        purse = 1.0 + log2(1.0 + max(windows, 0.0) / self.patience_windows)
        return int(purse + self.fair * rate * units + 1e-9)


class Influence:
    """Decides row by row which units count; memory is bounded."""

    def __init__(self, limits: Limits, slices: int) -> None:
        self._limits = limits
        self._slices = slices
        self._purses = Purses(SOURCES_MAX)
        self._leverage = Leverage(limits.leverage) if limits.share < 1.0 else None
        self._asked = False  # where no row tells its source, nothing is summed up
        self._here: dict[int, dict[int, int]] = {}  # units by slice and source
        self._usual = 0.0  # counted units of a slice
        self._n, self._f = 0, 0  # counted in closed slices
        self.left_out = 0

    def admit(self, number: int, source: Sources, failed: Mask, rows: Sources) -> Mask:
        """Return which of the units of slice `number`, in order, count as evidence.

        `rows` [unit, level] are the rows of evidence that a failing unit belongs to.
        """
        self._asked = True
        kept = self._shared(number, source)
        named = np.flatnonzero(kept & (source != NO_SOURCE))
        if len(named):
            kept[named] = self._within(number, source[named], failed[named], rows[named])
        self.left_out += len(kept) - int(np.count_nonzero(kept))
        return kept

    def closed(self, number: int, window: Window) -> None:
        """Note what a closed slice counted; later slices are limited by it."""
        n_new, f_new, n_old, f_old = window.tally()
        n, failed = n_new + n_old, f_new + f_old
        if self._asked and self._leverage is not None and failed:
            self._leverage.closed(window)
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

    def _within(self, number: int, source: Sources, failed: Mask, rows: Sources) -> Mask:
        """Return which units, in order, are within the purse of their source.

        A failure opens a purse; from then on all units of that source are counted in it.
        """
        purses, kept = self._purses, np.ones(len(source), bool)
        at, held = purses.places(source)
        known, fresh = held, failed & ~held
        if fresh.any():
            purses.open(np.unique(source[fresh]), number)
            at, held = purses.places(source)
        told = np.flatnonzero(held)
        at, failing = at[told], failed[told]
        begun = known[told] | (_rank(at, failing) > 0) if fresh.any() else held[told]
        units = purses.units[at] + _rank(at, begun)
        bad = np.flatnonzero(failing)
        here = told[bad]
        if len(bad):
            due = self._due(at[bad], units[bad], number)
            kept[here] = self._spend(at[bad], due, source[here], rows[here], number)
        np.add.at(purses.units, at[begun], 1)
        return kept

    def _due(self, at: Sources, units: Sources, number: int) -> list[int]:
        """Return how many failing units the purse of each row allows."""
        rate = (self._f + 1.0) / (self._n + 50.0)
        windows = (number - self._purses.first[at]) / self._slices
        rows = zip(windows.tolist(), units.tolist(), strict=True)
        return [self._limits.failing(since, sent, rate) for since, sent in rows]

    def _spend(
        self, at: Sources, due: list[int], source: Sources, rows: Sources, number: int
    ) -> list[bool]:
        """Return which failing units are within purse and leverage, and count those in both."""
        purses, leverage = self._purses.failed, self._leverage
        places = rows if leverage is None else leverage.places(source, rows, number)
        kept = []
        for i, (purse, most) in enumerate(zip(at.tolist(), due, strict=True)):
            within = int(purses[purse]) < most
            if within and leverage is not None:
                within = leverage.take(places[i], rows[i])
            purses[purse] += within
            kept.append(within)
        return kept


def _rank(place: Sources, counted: Mask) -> Sources:
    """Return how many `counted` rows of its place came up to each row, itself included."""
    order = np.argsort(place, kind="stable")
    sums, grouped = np.cumsum(counted[order]), place[order]
    begin = np.flatnonzero(np.diff(grouped, prepend=-1))
    before: Sources = sums[begin] - counted[order][begin]
    rank = np.empty(len(place), np.int64)
    rank[order] = sums - np.repeat(before, np.diff(np.append(begin, len(place))))
    return rank
