"""Units and failures of every segment since the attempt began; made readable on demand."""

from collections.abc import Mapping
from math import log
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from simcert.model import NEW, OK, OLD, Reading, SegmentReading, Verdict, Window
from simcert.model.merging import added

Counts = npt.NDArray[np.int64]


class Segments:
    """Sums of `units` [segment, arm, outcome]; windows of other labels are added by name."""

    def __init__(self) -> None:
        self._labels: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self._units: Counts = np.zeros((0, 2, 0), np.int64)
        self._by_name: dict[str, list[int]] = {}

    def add(self, window: Window) -> None:
        """Count one slice."""
        labels = (window.segments, window.outcomes)
        if labels != self._labels:
            self._settle()
            self._labels, self._units = labels, np.zeros_like(window.units)
        self._units += window.units

    def _settle(self) -> None:
        """Move the sums under the present labels into sums by name."""
        segments, outcomes = self._labels
        ok = np.array([name == OK for name in outcomes], bool)
        failed = self._units[:, :, ~ok].sum(axis=2)
        n = self._units.sum(axis=2)
        for i, name in enumerate(segments):
            now = [n[i, OLD], n[i, NEW], failed[i, OLD], failed[i, NEW]]
            before = self._by_name.get(name, [0, 0, 0, 0])
            self._by_name[name] = [a + int(b) for a, b in zip(before, now, strict=True)]
        self._units[:] = 0

    def readings(self, channels: Mapping[str, Reading]) -> list[SegmentReading]:
        """Return a reading per segment; evidence as the channels tell it in `detail`."""
        self._settle()
        log_e = _by_segment(channels)
        return [
            _reading(name, counts, *log_e.get(name, (0.0, 0.0)))
            for name, counts in sorted(self._by_name.items())
        ]

    def merge(self, other: "Segments") -> "Segments":
        """Return the sums over two disjoint kinds of traffic, by name."""
        return Segments.from_dict(added(self.to_dict(), other.to_dict()))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        self._settle()
        return dict(self._by_name)

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Self:
        """Return the sums that `to_dict` described."""
        segments = cls()
        segments._by_name = {name: [*counts] for name, counts in state.items()}
        return segments


LEVEL = 0.01  # P(a segment that nothing harms is ever said to fail), per channel; for people only


def _reading(name: str, counts: list[int], log_e: float, over: float) -> SegmentReading:
    n_old, n_new, failed_old, failed_new = counts
    said = Verdict.FAIL if over > -log(LEVEL) else Verdict.INCONCLUSIVE
    verdict = said if n_old + n_new else Verdict.NO_DATA
    return SegmentReading(name, verdict, n_old, n_new, failed_old, failed_new, log_e)


def _by_segment(channels: Mapping[str, Reading]) -> dict[str, tuple[float, float]]:
    """Return the highest evidence that any channel tells of a segment (`segment/signal`).

    First as it is, then less what its channel pays for looking at many rows (Bonferroni): at any
    time, and whoever looks how often, not only at a stop as culprits are named there.
    """
    found: dict[str, tuple[float, float]] = {}
    for reading in channels.values():
        price = log(max(reading.value or 1.0, 1.0))
        for key, value in reading.detail.items():
            name, slash, _ = key.rpartition("/")
            if slash:
                before, over = found.get(name, (0.0, 0.0))
                found[name] = max(before, value), max(over, value - price)
    return found
