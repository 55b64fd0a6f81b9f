"""Events of a window by row (segment, signal), for detectors that watch many rows at once."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from simcert.model import Window
from simcert.model.outcome import in_signal

Ints = npt.NDArray[np.int64]


@dataclass(slots=True)
class Rows:
    """The first window fixes the segments, at most `segments_max`; later ones share the last row.

    A signal is one of `simcert.model.SIGNALS` or one outcome by name.
    """

    signals: tuple[str, ...]
    segments_max: int
    names: tuple[str, ...] = ()
    _matrix: dict[tuple[str, ...], Ints] = field(default_factory=dict, repr=False)

    def open(self, segments: tuple[str, ...]) -> tuple[str, ...]:
        """Fix the segments and return them."""
        self.names = segments[: self.segments_max]
        return self.names

    def events(self, window: Window) -> Ints:
        """Return events [both arms or new, row]."""
        if window.outcomes not in self._matrix:
            cells = [[s == o or in_signal(o, s) for s in self.signals] for o in window.outcomes]
            self._matrix[window.outcomes] = np.array(cells, np.int64)
        counts = window.units @ self._matrix[window.outcomes]  # [segment, arm, signal]
        if window.segments != self.names:
            counts = self._pooled(window.segments, counts)
        events: Ints = np.stack((counts.sum(axis=1), counts[:, 1]))
        return events.reshape(2, -1)

    def _pooled(self, segments: tuple[str, ...], counts: Ints) -> Ints:
        last = len(self.names) - 1
        slot = {name: i for i, name in enumerate(self.names)}
        pooled = np.zeros((len(self.names), *counts.shape[1:]), np.int64)
        np.add.at(pooled, [slot.get(s, last) for s in segments], counts)
        return pooled
