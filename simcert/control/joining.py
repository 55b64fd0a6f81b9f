"""Joining: windows of several sources become one, each source counted once, exposures apart."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from simcert.errors import InputError, MergeError
from simcert.model import Window

Key = tuple[float, int]
_DIGITS = 6  # microseconds: starts of equal windows may differ in the last bits


@dataclass(slots=True)
class Joiner:
    """Waits for the windows of all `sources`, at most `wait_s` after the end of each.

    Whatever order they come in, and however often: (source, start) counts once, and joined windows
    leave in order of start. Sources that are missing, or saw another exposure than most, lower
    the completeness by their share; what comes after its turn is late.
    """

    sources: tuple[str, ...]
    wait_s: float = 30.0
    late: int = 0
    repeated: int = 0
    _left_s: float = float("-inf")  # start of the newest window that left
    _waiting: dict[Key, dict[str, Window]] = field(default_factory=dict)

    def add(self, window: Window) -> bool:
        """Take a window in; False if it was here already or its turn is over.

        InputError if its source is none of ours.
        """
        if window.source not in self.sources:
            known = ", ".join(self.sources)
            raise InputError(f'window of unknown source "{window.source}"; known: {known}')
        if window.start_s <= self._left_s + 1e-6:
            self.late += 1
            return False
        key = (round(window.start_s, _DIGITS), window.slice_index)
        here = self._waiting.setdefault(key, {})
        if window.source in here:
            self.repeated += 1
            return False
        here[window.source] = window
        return True

    def take(self, now_s: float) -> list[Window]:
        """Return the windows that are whole or have waited long enough, oldest first."""
        joined = []
        for key in sorted(self._waiting):
            here = self._waiting[key]
            end_s = next(iter(here.values())).end_s
            if len(here) < len(self.sources) and now_s + 1e-9 < end_s + self.wait_s:
                break  # later ones wait as well, for windows leave in order
            joined.append(join(here.values(), len(self.sources)))
            self._left_s = key[0]
            del self._waiting[key]
        return joined


def join(windows: Iterable[Window], expected: int) -> Window:
    """Return the sum of the largest group that fits together, its completeness scaled.

    Completeness is the mean over the `expected` sources: one that is missing, or cannot be added,
    counts 0.
    """
    groups: list[list[Window]] = []
    for one in sorted(windows, key=lambda w: w.source):
        for group in groups:
            if _fits(group[0], one):
                group.append(one)
                break
        else:
            groups.append([one])
    best = max(groups, key=lambda group: (len(group), sum(one.n for one in group)))
    total = best[0]
    for one in best[1:]:
        total = total + one
    return replace(total, completeness=sum(one.completeness for one in best) / expected)


def _fits(a: Window, b: Window) -> bool:
    try:
        a + b
    except MergeError:
        return False
    return True
