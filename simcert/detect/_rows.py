"""Events of a window by row (segment, signal), for detectors that watch many rows at once."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simcert.model import Window

Floats = npt.NDArray[np.float64]


def union(mine: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
    """Return the segments of both; in order of their names, unless one side knows no others."""
    if not theirs or mine == theirs:
        return mine
    return tuple(sorted({*mine, *theirs})) if mine else theirs


def places(names: tuple[str, ...], among: tuple[str, ...]) -> list[int]:
    """Return where each of `names` stands."""
    at = {name: i for i, name in enumerate(among)}
    return [at[name] for name in names]


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

    def events(self, window: Window) -> Floats:
        """Return the events of a window [(new, both), row] on the segments that were fixed."""
        found = window.row_events(self.signals)
        if window.segments == self.names:
            return found
        last = len(self.names) - 1
        slot = {name: i for i, name in enumerate(self.names)}
        at = [slot.get(name, last) for name in window.segments]
        pooled = np.zeros((2, len(self.names), len(self.signals)))
        for total, counts in zip(pooled, found, strict=True):
            np.add.at(total, at, counts.reshape(len(at), -1))
        return pooled.reshape(2, -1)
