"""Counts of one slice by code: segment, arm and outcome as one small integer per row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from simcert.model import FEATURES, OK, RecordBatch, Window
from simcert.model.window import TIME_BINS

Rows = npt.NDArray[np.int64]
Small = npt.NDArray[Any]  # unsigned numbers of 16 bits, or of 32 where these are too few

_PATTERNS = 1 << len(FEATURES)
_BITS = (np.arange(_PATTERNS)[:, None] >> np.arange(len(FEATURES))) & 1  # [pattern, feature]
_BELOW_1_MS = np.float32(0.9)  # stands for all of bin 0, what is no number included
_OUTCOME_BITS = 8  # an outcome is a uint8 in a batch
_OUTCOMES_MAX = 1 << _OUTCOME_BITS
_STRIDE = 2 * _OUTCOMES_MAX  # codes of one segment
_MARKS = 3  # a row is resumed, a full handshake, or a unit


@dataclass(frozen=True, slots=True)
class Codes:
    """A small integer per row of a batch: (segment * 2 + arm) * outcomes + outcome, in its names.

    `place` [segment, arm, outcome] tells where rows of a code are counted.
    """

    rows: Small
    place: Rows

    @property
    def pair(self) -> Rows:
        """Return where rows of [segment, arm] are counted."""
        pair: Rows = self.place[:, :, 0].ravel() >> _OUTCOME_BITS
        return pair


class Labels:
    """Names of segments and outcomes in order of appearance; `ok` is outcome 0."""

    def __init__(self) -> None:
        self.segments: dict[str, int] = {}
        self.outcomes: dict[str, int] = {OK: 0}

    def codes(self, batch: RecordBatch) -> Codes:
        """Return the codes of a batch; places are (segment * 2 + arm) * 256 + outcome here."""
        segment = np.array([self._at(self.segments, s) for s in batch.segments] or [0])
        outcome = np.array([self._at(self.outcomes, o) for o in batch.outcomes] or [0])
        base = np.add.outer(segment * _STRIDE, np.arange(2) * _OUTCOMES_MAX)
        place = np.add.outer(base, outcome)
        kind = np.dtype(np.uint16 if place.size * _MARKS <= 1 << 16 else np.uint32)
        rows: Small = batch.segment.astype(kind)
        for column, size in ((batch.arm, 2), (batch.outcome, len(outcome))):
            rows *= kind.type(size)
            rows += column
        return Codes(rows, place)

    @staticmethod
    def _at(table: dict[str, int], name: str) -> int:
        return table.setdefault(name, len(table))


class Cells:
    """What one slice has counted so far; arrays grow with the labels."""

    def __init__(self) -> None:
        self.rows = 0
        self._attempts: Rows = np.zeros(0, np.int64)  # by code
        self._units: Rows = np.zeros(0, np.int64)
        self._resumed: Rows = np.zeros(0, np.int64)
        self._times: Rows = np.zeros((0, TIME_BINS), np.int64)  # by (segment, arm)
        self._features: Rows = np.zeros((0, _PATTERNS), np.int64)  # by (segment, arm)

    def add(
        self,
        batch: RecordBatch,
        codes: Codes,
        at: slice,
        full: npt.NDArray[np.bool_],
        units: npt.NDArray[np.bool_],
        counted: npt.NDArray[np.bool_] | None,
    ) -> None:
        """Count the rows `at`; `full`, `units` and `counted` speak of these rows alone."""
        here, good = codes.rows[at], full & (batch.outcome[at] == _ok_of(batch))
        ms, features = batch.handshake_ms[at], batch.features[at]
        pair = batch.segment[at] * np.uint16(2) + batch.arm[at]
        if counted is not None:
            here, full, units, good = here[counted], full[counted], units[counted], good[counted]
            ms, features, pair = ms[counted], features[counted], pair[counted]
        self.rows += len(here)
        self._count(here, codes.place, full, units)
        some = np.flatnonzero(good)
        self._count_good(codes.pair, pair.take(some), ms.take(some), features.take(some))

    def _count(
        self,
        here: Small,
        place: Rows,
        full: npt.NDArray[np.bool_],
        units: npt.NDArray[np.bool_],
    ) -> None:
        """Count rows by code, and whether they are full handshakes and units: in one pass."""
        marked = here * here.dtype.type(_MARKS)
        marked += full.view(np.uint8)
        marked += units.view(np.uint8)  # every unit is a full handshake
        counts = np.bincount(marked, minlength=place.size * _MARKS).reshape(-1, _MARKS)
        some = np.flatnonzero(counts.any(axis=1))
        at, counts = place.ravel()[some], counts[some]
        self._attempts = _more(self._attempts, at, counts.sum(axis=1))
        self._units = _more(self._units, at, counts[:, 2])
        self._resumed = _more(self._resumed, at, counts[:, 0])

    def _count_good(
        self,
        place: Rows,
        pair: npt.NDArray[np.uint16],
        ms: npt.NDArray[np.float32],
        features: npt.NDArray[np.uint16],
    ) -> None:
        """Count times and features of successful full handshakes."""
        size = len(place)
        times = np.bincount(pair * np.intp(TIME_BINS) + time_bins(ms), minlength=size * TIME_BINS)
        self._times = _more(self._times, place, times.reshape(size, TIME_BINS))
        pattern = pair * np.intp(_PATTERNS) + (features & (_PATTERNS - 1))
        patterns = np.bincount(pattern, minlength=size * _PATTERNS)
        self._features = _more(self._features, place, patterns.reshape(size, _PATTERNS))

    def window(
        self,
        labels: Labels,
        start_s: float,
        end_s: float,
        exposure: float,
        rest: Mapping[str, Any],
    ) -> Window:
        """Return the counts as a window."""
        segments = tuple(labels.segments) or ("all",)
        outcomes = tuple(labels.outcomes)
        cells, k = len(segments) * 2, len(outcomes)
        by_code = (len(segments), 2, _OUTCOMES_MAX)
        patterns = _fit(self._features, cells)
        some = np.flatnonzero(patterns.any(axis=0))
        resumed = _fit(self._resumed, cells * _OUTCOMES_MAX).reshape(by_code).sum(axis=2)
        arrays = {
            "units": _fit(self._units, cells * _OUTCOMES_MAX).reshape(by_code)[:, :, :k],
            "attempts": _fit(self._attempts, cells * _OUTCOMES_MAX).reshape(by_code)[:, :, :k],
            "resumed": resumed,
            "time_hist": _fit(self._times, cells).reshape(-1, 2, TIME_BINS),
            "features": (patterns[:, some] @ _BITS[some]).reshape(-1, 2, len(FEATURES)),
        }
        return Window.empty(start_s, end_s, exposure, segments, outcomes, **arrays, **rest)


def time_bins(ms: npt.NDArray[np.float32]) -> Rows:
    """Return the bin of `TIME_EDGES_MS` of each time: ten a decade from 1 ms, bin 0 below it."""
    bins: Rows = (10.0 * np.log10(np.fmax(ms, _BELOW_1_MS)) + 1.0).astype(np.int64)
    return np.minimum(bins, TIME_BINS - 1, out=bins)


def _ok_of(batch: RecordBatch) -> int:
    """Return the outcome that this batch calls `ok`, -1 if it has none."""
    return batch.outcomes.index(OK) if OK in batch.outcomes else -1


def _more(sums: Rows, at: Rows, counts: Rows) -> Rows:
    """Add counts to the rows `at` of the sums, which may have to grow for it."""
    size = int(at.max(initial=-1)) + 1
    if size > len(sums):
        sums = _fit(sums, size)
    np.add.at(sums, at, counts)
    return sums


def _fit(sums: Rows, size: int) -> Rows:
    """Return the first `size` rows of counts, zeros behind them."""
    whole = np.zeros((size, *sums.shape[1:]), np.int64)
    whole[: min(size, len(sums))] = sums[:size]
    return whole
