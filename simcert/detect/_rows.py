"""Events of a window by signal and segment, for detectors that watch many segments at once.

The first window fixes the segments, `segments_max` at most; later ones share the last.
"""

import numpy as np
import numpy.typing as npt

from simcert.model import SIGNALS, Window

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


def events(window: Window, names: tuple[str, ...]) -> Floats:
    """Return `Window.rows` on the segments that were fixed."""
    found = window.rows()
    if window.segments == names:
        return found
    last = len(names) - 1
    slot = {name: i for i, name in enumerate(names)}
    at = [slot.get(name, last) for name in window.segments]
    pooled = np.zeros((len(names), len(found)))
    np.add.at(pooled, at, found.T)
    return np.ascontiguousarray(pooled.T)


def row(signal: str, *, both: bool = False) -> int:
    """Return the row of `Window.rows` with the events of a signal, in the new arm or in both."""
    if signal not in SIGNALS:
        raise ValueError(f"signal {signal!r} must be one of {SIGNALS}")
    return SIGNALS.index(signal) + len(SIGNALS) * both
