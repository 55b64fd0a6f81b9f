"""Events of a window by row (segment, signal), for detectors that watch many rows at once."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simcert.model import Window

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(slots=True)
class Rows:
    """The first window fixes the segments, `segments_max` at most; later ones share a row."""

    signals: tuple[str, ...]
    segments_max: int
    names: tuple[str, ...] = ()

    def open(self, segments: tuple[str, ...]) -> tuple[str, ...]:
        """Fix the segments and return them."""
        self.names = segments[: self.segments_max]
        return self.names

    def events(self, window: Window) -> Floats | None:
        """Return events [old or new, row], row = segment * signals + signal; None without any.

        They are whole numbers as floats, for they are multiplied by logarithms.
        """
        if len(self.signals) == 1:
            _, f_new, _, f_old = window.tally(self.signals[0])
            if not f_new and not f_old:
                return None
            return self._pooled(window, window.events(self.signals[0])).T.astype(float, order="C")
        tallies = [window.tally(signal) for signal in self.signals]
        if not any(one.f_new or one.f_old for one in tallies):
            return None
        counts = np.empty((2, len(self.names), len(tallies)))
        for i, signal in enumerate(self.signals):
            counts[:, :, i] = self._pooled(window, window.events(signal)).T
        return counts.reshape(2, -1)

    def _pooled(self, window: Window, counts: Ints) -> Ints:
        """Return [segment, arm] on the segments that were fixed."""
        if window.segments == self.names:
            return counts
        last = len(self.names) - 1
        slot = {name: i for i, name in enumerate(self.names)}
        pooled = np.zeros((len(self.names), 2), np.int64)
        np.add.at(pooled, [slot.get(s, last) for s in window.segments], counts)
        return pooled
