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

_PATTERNS = 1 << (len(FEATURES) - 1)  # of full handshakes: the first feature is `resumed`
_BITS = (np.arange(_PATTERNS)[:, None] * 2 >> np.arange(len(FEATURES))) & 1  # [pattern, feature]
_BELOW_1_MS = np.float32(0.9)  # stands for all of bin 0, what is no number included
_OUTCOME_BITS = 8  # an outcome is a uint8 in a batch
_OUTCOMES_MAX = 1 << _OUTCOME_BITS
_STRIDE = 2 * _OUTCOMES_MAX  # codes of one segment
_MARKS = 3  # a row is resumed, a full handshake, or a unit
_FAILED = _MARKS  # stands for any of them where only rows that went well count


@dataclass(frozen=True, slots=True)
class Codes:
    """A small integer per row of a batch: (segment * 2 + arm) * outcomes + outcome, in its names.

    `place` [segment, arm, outcome] tells where rows of a code are counted; `pairs` are codes
    without their outcome.
    """

    rows: Small
    pairs: Small
    place: Rows

    @property
    def pair(self) -> Rows:
        """Return where rows of [segment, arm] are counted."""
        pair: Rows = self.place[:, :, 0].ravel() >> _OUTCOME_BITS
        return pair


def told(place: Rows) -> tuple[Rows, Rows]:
    """Return the numbers of segment and outcome of places, as `Labels` gave them."""
    return place // _STRIDE, place % _OUTCOMES_MAX


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
        most = max(place.size * _MARKS, len(segment) * 2 * (_FAILED + 1) * _PATTERNS)
        kind = np.dtype(np.uint16 if most <= 1 << 16 else np.uint32)
        pairs: Small = batch.segment.astype(kind)
        pairs *= kind.type(2)
        pairs += batch.arm
        rows = pairs * kind.type(len(outcome))
        rows += batch.outcome
        return Codes(rows, pairs, place)

    @staticmethod
    def _at(table: dict[str, int], name: str) -> int:
        return table.setdefault(name, len(table))


class Cells:
    """What one slice has counted so far; arrays grow with the labels."""

    def __init__(self) -> None:
        self.rows = 0
        self._rows: Rows = np.zeros((0, _MARKS), np.int64)  # by code
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
        """Count the rows `at`; `full`, `units` and `counted` speak of these rows alone.

        Times and features are those of full handshakes that went well; where rows tell their
        source, of units alone, or who floods would decide how long handshakes take.
        """
        here, pair = codes.rows[at], codes.pairs[at]
        failed = batch.outcome[at] != _ok_of(batch)
        ms, features = batch.handshake_ms[at], batch.features[at]
        if counted is not None:
            here, pair, failed = here[counted], pair[counted], failed[counted]
            full, units = full[counted], units[counted]
            ms, features = ms[counted], features[counted]
        self.rows += len(here)
        marks = full.view(np.uint8) + units.view(np.uint8)  # every unit is a full handshake
        bad = np.flatnonzero(failed)
        if len(bad):
            self._count_failed(here.take(bad), marks.take(bad), codes.place)
        marks |= failed.view(np.uint8) * np.uint8(_FAILED)
        place = codes.place[:, :, _ok_of(batch)].ravel()
        apart = batch.source is not None
        self._count_ok(pair, marks, features, place, codes.pair, apart=apart)
        quiet = np.flatnonzero(failed | ~(units if apart else full))
        self._count_times(pair, ms, quiet, codes.pair)

    def promote(self, place: Rows) -> None:
        """Make units of full handshakes that were counted as none."""
        where, many = np.unique(place, return_counts=True)
        self._rows[where, _MARKS - 2] -= many
        self._rows[where, _MARKS - 1] += many

    def tell(self, place: Rows, bins: Small, features: Small) -> None:
        """Count bins of times, and features, of handshakes at these places that went well."""
        ok = place % _OUTCOMES_MAX == 0
        pair, pattern = place[ok] >> _OUTCOME_BITS, (features[ok] >> 1) & (_PATTERNS - 1)
        if len(pair):
            self._times = _tallied(self._times, pair, bins[ok])
            self._features = _tallied(self._features, pair, pattern)

    def _count_failed(self, here: Small, marks: Small, place: Rows) -> None:
        """Count rows by code and mark."""
        marked = here * here.dtype.type(_MARKS)
        marked += marks
        counts = np.bincount(marked, minlength=place.size * _MARKS).reshape(-1, _MARKS)
        some = np.flatnonzero(counts.any(axis=1))
        self._rows = _more(self._rows, place.ravel()[some], counts[some])

    def _count_ok(
        self,
        pair: Small,
        marks: Small,
        features: npt.NDArray[np.uint16],
        place: Rows,
        pairs: Rows,
        *,
        apart: bool,
    ) -> None:
        """Count rows by mark and features in one pass; failed ones have a mark that is left out."""
        code = pair * pair.dtype.type((_FAILED + 1) * _PATTERNS)
        code += (features >> 1) & (_PATTERNS - 1)
        code += marks * np.uint16(_PATTERNS)
        size = len(pairs) * (_FAILED + 1) * _PATTERNS
        by_mark = np.bincount(code, minlength=size).reshape(len(pairs), -1, _PATTERNS)
        self._rows = _more(self._rows, place, by_mark[:, :_MARKS].sum(axis=2))
        looked_at = by_mark[:, 2] if apart else by_mark[:, 1] + by_mark[:, 2]
        self._features = _more(self._features, pairs, looked_at)

    def _count_times(
        self, pair: Small, ms: npt.NDArray[np.float32], others: Rows, pairs: Rows
    ) -> None:
        """Count times, those of `others` in a bin that is left out."""
        bins = time_bins(ms)
        bins[others] = TIME_BINS
        bins += pair * pair.dtype.type(TIME_BINS + 1)
        size = len(pairs) * (TIME_BINS + 1)
        times = np.bincount(bins, minlength=size).reshape(-1, TIME_BINS + 1)[:, :TIME_BINS]
        self._times = _more(self._times, pairs, times)

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
        by_code = (len(segments), 2, _OUTCOMES_MAX, _MARKS)
        patterns = _fit(self._features, cells)
        some = np.flatnonzero(patterns.any(axis=0))
        rows = _fit(self._rows, cells * _OUTCOMES_MAX).reshape(by_code)[:, :, :k]
        arrays = {
            "units": rows[..., _MARKS - 1].copy(),
            "attempts": rows.sum(axis=3),
            "resumed": rows[..., 0].sum(axis=2),
            "time_hist": _fit(self._times, cells).reshape(-1, 2, TIME_BINS),
            "features": (patterns[:, some] @ _BITS[some]).reshape(-1, 2, len(FEATURES)),
        }
        return Window.empty(start_s, end_s, exposure, segments, outcomes, **arrays, **rest)


def time_bins(ms: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]:
    """Return the bin of `TIME_EDGES_MS` of each time: ten a decade from 1 ms, bin 0 below it."""
    bins = np.fmax(ms, _BELOW_1_MS)
    np.log10(bins, out=bins)
    bins *= np.float32(10.0)
    bins += np.float32(1.0)
    return np.minimum(bins, np.float32(TIME_BINS - 1), out=bins).astype(np.uint16)


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


def _tallied(sums: Rows, row: Rows, column: Small) -> Rows:
    """Count cells of the sums, which may have to grow for it."""
    size = int(row.max()) + 1
    if size > len(sums):
        sums = _fit(sums, size)
    np.add.at(sums, (row, column), 1)
    return sums


def _fit(sums: Rows, size: int) -> Rows:
    """Return the first `size` rows of counts, zeros behind them."""
    whole = np.zeros((size, *sums.shape[1:]), np.int64)
    whole[: min(size, len(sums))] = sums[:size]
    return whole
