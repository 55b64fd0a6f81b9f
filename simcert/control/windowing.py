"""Windowing: records in, windows out; a client is one unit per window, in its first slice.

A unit is the full handshake that a client began first in a window; where one coin of a client
rules a whole stage (`salted_per_stage`), the first in that stage. A row whose slice is
closed comes late: it is counted in `late` and nowhere else. Rows that came under another exposure
than most of their slice are connections, not units, for exposures are never pooled; their slice is
`mixed`. Where rows tell their source, no source makes up more units than `influence` lets it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simcert.control._candidates import HELD_MAX, Candidates
from simcert.control._cells import Cells, Codes, Labels, told
from simcert.control._client_set import ClientSet, DenseSet, Names
from simcert.control._leverage import rows_of, signal_of
from simcert.control._reigns import Reigns
from simcert.control.influence import Influence, Limits
from simcert.model import RESUMED, RecordBatch, Window

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Grid:
    """Slices of equal length since `origin_s`, `slices` of them in a window of `window_s`."""

    window_s: float = 60.0
    slices: int = 1
    origin_s: float = 0.0

    @property
    def slice_s(self) -> float:
        """Length of a slice."""
        return self.window_s / self.slices

    def start_s(self, number: int) -> float:
        """Return when slice `number` begins."""
        return self.origin_s + number * self.window_s / self.slices

    def numbers(self, start_s: npt.NDArray[np.float64]) -> Rows:
        """Return the number of the slice that each moment falls into."""
        since = start_s - self.origin_s
        since *= self.slices / self.window_s
        return np.floor(since, out=since).astype(np.int64)


class Windower:
    """Collects the records of one source and closes a slice `grace_s` after its end.

    With `duplicates`, rows with equal client, start and attempt are counted once (for sources that
    deliver at least once); units are immune to them anyway. `lost` tells of rows that never came.
    `ordered` rows of a slice come by start, and are judged as they come; others wait for its end.
    A source whose clients are numbered 0 .. `clients` - 1 says so, for then no name is hashed. The
    clock that dates the rows may be off the one that dates exposures by `skew_s`.
    """

    def __init__(
        self,
        grid: Grid,
        *,
        source: str = "",
        assignment: str = "per_connection",
        grace_s: float = 0.0,
        skew_s: float = 0.0,
        duplicates: bool = False,
        ordered: bool = True,
        limits: Limits | None = None,
        clients: int | None = None,
    ) -> None:
        self._grid = grid
        self.influence = Influence(limits or Limits(), grid.slices)
        self._fixed = {"source": source, "assignment": assignment, "lag_s": grace_s}
        self.grace_s = grace_s
        self._reigns = Reigns(skew_s)
        self._duplicates = duplicates
        self._candidates: dict[int, Candidates] | None = None if ordered else {}
        self._labels = Labels()
        self._open: dict[int, Cells] = {}
        self._staged = assignment == "salted_per_stage"
        self._numbered = clients
        self._spare: list[DenseSet] = []  # of windows that are over
        self._clients: dict[float, Names] = {}  # by window, or by the moment a stage began
        self._usual = 0  # clients of the window before
        self._rows: dict[int, ClientSet] = {}
        self._next = 0  # number of the oldest slice that is not closed
        self._lost: dict[int, int] = {}
        self.late = 0
        self.repeated = 0

    def exposed(self, exposure: float, from_s: float) -> None:
        """Note that `exposure` is in force from `from_s` on; moments must not go back."""
        self._reigns.begin(exposure, from_s)

    def changing(self, from_s: float, to_s: float) -> None:
        """Note that the exposure changed at a moment in between: such slices are mixed."""
        self._reigns.changing(from_s, to_s)

    def lost(self, rows: int, at_s: float) -> None:
        """Note that `rows` records of about `at_s` were lost on the way."""
        number = max(int((at_s - self._grid.origin_s) // self._grid.slice_s), self._next)
        self._lost[number] = self._lost.get(number, 0) + rows

    def add(self, batch: RecordBatch) -> None:
        """Count a batch, in any order; rows of closed slices are late."""
        if not len(batch):
            return
        numbers = self._grid.numbers(batch.start_s)
        if np.any(numbers[1:] < numbers[:-1]):
            order = np.argsort(numbers, kind="stable")
            batch, numbers = batch.at(order), numbers[order]
        begin = int(np.searchsorted(numbers, self._next))
        self.late += begin
        codes = self._labels.codes(batch)
        ends = self._ends(numbers[begin:], begin)
        for low, high in zip([begin, *ends], [*ends, len(batch)], strict=True):
            if low < high:
                self._add(batch, codes, numbers, slice(low, high))

    def _ends(self, numbers: Rows, begin: int) -> list[int]:
        """Return where, counted from `begin`, slices of another window begin."""
        slices = self._grid.slices
        if not len(numbers) or numbers[0] // slices == numbers[-1] // slices:
            return []
        windows = numbers // slices
        ends: list[int] = (np.flatnonzero(windows[1:] != windows[:-1]) + 1 + begin).tolist()
        return ends

    def _add(self, batch: RecordBatch, codes: Codes, numbers: Rows, at: slice) -> None:
        """Count the rows of one window."""
        window = int(numbers[at.start]) // self._grid.slices
        counted = self._fresh(window, batch, at) if self._duplicates else None
        full = (batch.features[at] & RESUMED) == 0
        units = full  # candidates: which exposure rules their slice is known at its end
        if self._candidates is None:
            units = self._units(window, batch, numbers, at, full & self._proper(batch, numbers, at))
        low, high = int(numbers[at.start]), int(numbers[at.stop - 1])
        bounds = np.searchsorted(numbers[at], np.arange(low, high + 2)).tolist()
        for number, start, stop in zip(range(low, high + 1), bounds, bounds[1:], strict=False):
            if start < stop:
                cells = self._open.setdefault(number, Cells())
                part = slice(at.start + start, at.start + stop)
                kept = None if counted is None else counted[start:stop]
                here = units[start:stop]
                if self._candidates is not None:
                    wait = here if kept is None else here & kept
                    cells.add(batch, codes, part, full[start:stop], np.zeros_like(here), kept)
                    self._hold(number, batch, codes, part.start + np.flatnonzero(wait))
                    continue
                if batch.source is not None:
                    self._limit(batch, codes, part, number, here)
                cells.add(batch, codes, part, full[start:stop], here, kept)

    def _units(
        self,
        window: int,
        batch: RecordBatch,
        numbers: Rows,
        at: slice,
        candidates: Mask,
    ) -> Mask:
        where = np.flatnonzero(candidates)
        units = np.zeros(at.stop - at.start, bool)
        for coin, some in self._coins(window, numbers[at][where]):
            rows = where[some]
            clients = self._known(coin, at.stop - at.start)
            units[rows.take(clients.add(batch.client[at].take(rows)))] = True
        return units

    def _known(self, coin: float, rows: int) -> Names:
        """Return the clients whose coin it is that were seen; a first batch brings up to `rows`."""
        clients = self._clients.get(coin)
        if clients is None:
            clients = self._clients[coin] = self._nobody(rows)
        return clients

    def _nobody(self, rows: int) -> Names:
        """Return an empty set of clients, of which a first batch brings up to `rows`."""
        if self._numbered is not None:
            return self._spare.pop() if self._spare else DenseSet(self._numbered)
        return ClientSet(max(rows, self._usual))

    def _coins(self, window: int, numbers: Rows) -> list[tuple[float, slice]]:
        """Return which rows, in order of slices, share a coin of their client, and which coin."""
        if not self._staged:
            return [(window, slice(None))]
        starts = np.flatnonzero(np.diff(numbers, prepend=numbers[:1] - 1)).tolist()
        parts = zip(starts, [*starts, len(numbers)][1:], strict=True)
        return [(self._reign(int(numbers[low]))[0], slice(low, high)) for low, high in parts]

    def _limit(self, batch: RecordBatch, codes: Codes, at: slice, number: int, units: Mask) -> None:
        """Strike the units from `units` that exceed what their source may add."""
        assert batch.source is not None
        here = np.flatnonzero(units)
        place = codes.place.ravel()[codes.rows[at][here]]
        units[here] = self._admitted(number, batch.source[at][here], place)

    def _admitted(self, number: int, source: Rows, place: Rows) -> Mask:
        segment, outcome = told(place)
        signal = np.array([signal_of(name) for name in self._labels.outcomes], np.int64)[outcome]
        return self.influence.admit(number, source, outcome > 0, rows_of(segment, signal))

    def _hold(self, number: int, batch: RecordBatch, codes: Codes, rows: Rows) -> None:
        """Let rows wait until all of their slice are known, if they are not too many."""
        assert self._candidates is not None
        held = self._candidates.setdefault(number, Candidates())
        held.add(batch, codes, rows)
        if held.held > HELD_MAX:
            self._settle(number)

    def _settle(self, number: int) -> None:
        """Make units of the candidates of a slice that began first, within the limits."""
        assert self._candidates is not None
        held = self._candidates.get(number)
        if held is None or (found := held.take()) is None:
            return
        window = number // self._grid.slices
        ((coin, _),) = self._coins(window, np.array([number]))
        proper = self._ruled(number, found.start_s)
        found = found if proper is None else found.at(proper)
        units = found.at(self._known(coin, len(found.client)).add(found.client))
        cells = self._open[number]
        if held.told:
            units = units.at(self._admitted(number, units.source, units.place))
            cells.tell(units.place, units.bins, units.features)
        cells.promote(units.place)

    def _fresh(self, window: int, batch: RecordBatch, at: slice) -> npt.NDArray[np.bool_]:
        seen = self._rows.setdefault(window, ClientSet(at.stop - at.start))
        fresh = np.zeros(at.stop - at.start, bool)
        fresh[seen.add(_row_names(batch, at))] = True
        self.repeated += int(np.count_nonzero(~fresh))
        return fresh

    def _proper(self, batch: RecordBatch, numbers: Rows, at: slice) -> npt.NDArray[np.bool_]:
        """Return which rows began under the exposure of their slice."""
        proper = np.ones(at.stop - at.start, bool)
        for number in range(int(numbers[at.start]), int(numbers[at.stop - 1]) + 1):
            ruled = self._ruled(number, batch.start_s[at])
            if ruled is not None:
                proper &= (numbers[at] != number) | ruled
        return proper

    def _ruled(self, number: int, start_s: npt.NDArray[np.float64]) -> Mask | None:
        """Return which moments of a slice lie under its exposure; None for all of them."""
        from_s, to_s, _ = self._reign(number)
        if from_s <= self._grid.start_s(number) and to_s >= self._grid.start_s(number + 1):
            return None
        ruled: Mask = (start_s >= from_s) & (start_s < to_s)
        return ruled

    def _reign(self, number: int) -> tuple[float, float, float]:
        """Return from when, until when, and which exposure ruled longest in a slice."""
        return self._reigns.longest(self._grid.start_s(number), self._grid.start_s(number + 1))

    def close(self, now_s: float) -> list[Window]:
        """Return the slices whose end lies `grace_s` or more ago, oldest first, empty ones too."""
        closed = []
        while self._grid.start_s(self._next + 1) + self.grace_s <= now_s + 1e-9:
            closed.append(self._closed(self._next))
            self._next += 1
        return closed

    def _forget(self, window: int) -> None:
        """Forget the clients of a window that is over, or of stages that are."""
        self._rows.pop(window, None)
        if not self._staged:
            over: list[float] = [window] if window in self._clients else []
            self._usual = len(self._clients.get(window, ()))
        else:
            rules = self._reign((window + 1) * self._grid.slices - 1)[0]
            over = [began for began in self._clients if began < rules]
        for coin in over:
            self._recycle(self._clients.pop(coin))

    def _recycle(self, clients: Names) -> None:
        """Keep a set of numbered clients for another window: a new one would have to be cleared."""
        if isinstance(clients, DenseSet):
            clients.clear()
            self._spare.append(clients)

    def _closed(self, number: int) -> Window:
        grid = self._grid
        if self._candidates is not None:
            self._settle(number)
            self._candidates.pop(number, None)
        window, index = divmod(number, grid.slices)
        start_s, end_s = grid.start_s(number), grid.start_s(number + 1)
        exposure = self._reign(number)[2]
        cells = self._open.pop(number, None) or Cells()
        lost = self._lost.pop(number, 0)
        if index == grid.slices - 1:
            self._forget(window)
        self._reigns.forget(start_s)
        mixed = self._reigns.mixed(end_s)
        here = {"slice_index": index, "slices": grid.slices, "mixed": mixed, **self._fixed}
        here["completeness"] = cells.rows / (cells.rows + lost) if lost else 1.0
        closed = cells.window(self._labels, start_s, end_s, exposure, here)
        self.influence.closed(number, closed)
        return closed


def _row_names(batch: RecordBatch, at: slice) -> Rows:
    """Return a name per row that equal deliveries share: client, start and attempt mixed."""
    began = np.ascontiguousarray(batch.start_s[at]).view(np.uint64)
    mixed = batch.client[at].view(np.uint64) * np.uint64(0xFF51AFD7ED558CCD)
    mixed ^= (began + batch.attempt[at]) * np.uint64(0xC4CEB9FE1A85EC53)
    return mixed.view(np.int64)
