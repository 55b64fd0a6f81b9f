"""Events of a window by row (segment, signal), for detectors that watch many rows at once."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simcert.model import Window

Ints = npt.NDArray[np.int64]


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

    def events(self, window: Window) -> Ints | None:
        """Return events [old or new, row], row = segment * signals + signal; None without any."""
        seen = [signal for signal in self.signals if any(window.tally(signal)[1::2])]
        if not seen:
            return None
        if len(self.signals) == 1:
            return self._pooled(window, window.events(seen[0])).T
        counts = np.stack([self._pooled(window, window.events(s)) for s in self.signals], axis=2)
        return counts.transpose(1, 0, 2).reshape(2, -1)

    def _pooled(self, window: Window, counts: Ints) -> Ints:
        """Return [segment, arm] on the segments that were fixed."""
        if window.segments == self.names:
            return counts
        last = len(self.names) - 1
        slot = {name: i for i, name in enumerate(self.names)}
        pooled = np.zeros((len(self.names), 2), np.int64)
        np.add.at(pooled, [slot.get(s, last) for s in window.segments], counts)
        return pooled
