"""Counts of one slice by code: segment, arm and outcome as one small integer per row."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from simcert.model import FEATURES, OK, RecordBatch, Window
from simcert.model.window import TIME_BINS

Rows = npt.NDArray[np.int64]

_PATTERNS = 1 << len(FEATURES)
_BITS = (np.arange(_PATTERNS)[:, None] >> np.arange(len(FEATURES))) & 1  # [pattern, feature]
_BELOW_1_MS = np.float32(0.9)  # stands for all of bin 0, what is no number included
_OUTCOME_BITS = 8  # an outcome is a uint8 in a batch
_OUTCOMES_MAX = 1 << _OUTCOME_BITS
_OUTCOME = _OUTCOMES_MAX - 1  # the bits of a code that tell the outcome
_STRIDE = 2 * _OUTCOMES_MAX  # codes of one segment


class Labels:
    """Names of segments and outcomes in order of appearance; `ok` is outcome 0."""

    def __init__(self) -> None:
        self.segments: dict[str, int] = {}
        self.outcomes: dict[str, int] = {OK: 0}

    def codes(self, batch: RecordBatch) -> Rows:
        """Return (segment * 2 + arm) * 256 + outcome per row, with this table's numbers."""
        segment = np.array([self._at(self.segments, s) for s in batch.segments] or [0], np.int32)
        outcome = np.array([self._at(self.outcomes, o) for o in batch.outcomes] or [0], np.int32)
        pairs = segment[:, None] * _STRIDE + outcome[None, :]
        flat = batch.segment.astype(np.int32) * len(outcome) + batch.outcome
        codes: Rows = pairs.ravel()[flat] + batch.arm.astype(np.int32) * _OUTCOMES_MAX
        return codes

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
        self._times: Rows = np.zeros(0, np.int64)  # by (segment, arm) and bin
        self._features: Rows = np.zeros(0, np.int64)  # by (segment, arm) and pattern

    def add(
        self,
        batch: RecordBatch,
        codes: Rows,
        at: slice,
        full: npt.NDArray[np.bool_],
        units: npt.NDArray[np.bool_],
        counted: npt.NDArray[np.bool_] | None,
    ) -> None:
        """Count the rows `at`; `full`, `units` and `counted` speak of these rows alone."""
        here = codes[at]
        if counted is not None:
            here, full, units = here[counted], full[counted], units[counted]
        self.rows += len(here)
        self._attempts = _more(self._attempts, np.bincount(here))
        self._units = _more(self._units, np.bincount(here[units]))
        self._resumed = _more(self._resumed, np.bincount(here[~full]))
        good = np.flatnonzero(full & (here & _OUTCOME == 0))
        ms, features = batch.handshake_ms[at], batch.features[at]
        if counted is not None:
            ms, features = ms[counted], features[counted]
        self._count_good(here[good] >> _OUTCOME_BITS, ms[good], features[good])

    def _count_good(
        self, pair: Rows, ms: npt.NDArray[np.float32], features: npt.NDArray[np.uint16]
    ) -> None:
        """Count times and features of successful full handshakes."""
        self._times = _more(self._times, np.bincount(pair * TIME_BINS + time_bins(ms)))
        pattern = features & (_PATTERNS - 1)
        self._features = _more(self._features, np.bincount(pair * _PATTERNS + pattern))

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
        patterns = _fit(self._features, cells * _PATTERNS).reshape(cells, _PATTERNS)
        resumed = _fit(self._resumed, cells * _OUTCOMES_MAX).reshape(by_code).sum(axis=2)
        arrays = {
            "units": _fit(self._units, cells * _OUTCOMES_MAX).reshape(by_code)[:, :, :k],
            "attempts": _fit(self._attempts, cells * _OUTCOMES_MAX).reshape(by_code)[:, :, :k],
            "resumed": resumed,
            "time_hist": _fit(self._times, cells * TIME_BINS).reshape(-1, 2, TIME_BINS),
            "features": (patterns @ _BITS).reshape(-1, 2, len(FEATURES)),
        }
        return Window.empty(start_s, end_s, exposure, segments, outcomes, **arrays, **rest)


def time_bins(ms: npt.NDArray[np.float32]) -> Rows:
    """Return the bin of `TIME_EDGES_MS` of each time: ten a decade from 1 ms, bin 0 below it."""
    bins: Rows = (10.0 * np.log10(np.fmax(ms, _BELOW_1_MS)) + 1.0).astype(np.int64)
    return np.minimum(bins, TIME_BINS - 1, out=bins)


def _more(sums: Rows, counts: Rows) -> Rows:
    if len(counts) > len(sums):
        sums, counts = counts, sums
    sums[: len(counts)] += counts
    return sums


def _fit(sums: Rows, size: int) -> Rows:
    """Return the counts as an array of `size`, zeros behind them."""
    whole = np.zeros(size, np.int64)
    whole[: min(size, len(sums))] = sums[:size]
    return whole
