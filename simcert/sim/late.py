"""Late windows: handshake times and features are drawn when somebody reads them.

They have a stream of their own, keyed by the piece, so whoever reads them sees the same numbers,
and who does not read them does not pay for one multinomial per slice, segment and arm.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Protocol, Self

from simcert.model import Window
from simcert.model.window import Counts, Floats, Tally

_LATE = ("time_hist", "features")


Moment = tuple[float, float, int]
"""Start and end of a slice, and its index in the window."""


class Source(Protocol):
    """All slices of a piece; `totals` are its units by arm and outcome."""

    units: Counts
    attempts: Counts
    resumed: Counts
    totals: list[list[list[int]]]

    def drawn(self, name: str, i: int) -> Counts:
        """Return an array of slice `i`, drawn with those of all slices when first asked."""
        ...

    def summed(self, name: str) -> Counts:
        """Return an array of all slices summed over segments: [T, arm, last axis]."""
        ...

    def by_arm(self, name: str) -> list[list[list[int]]]:
        """Return the same as lists."""
        ...

    def per_arm(self, name: str) -> list[list[int]]:
        """Return the sums of an array in all slices, [T][arm]."""
        ...

    def tally(self, signal: str) -> list[Tally]:
        """Return units and events of `signal` per arm in all slices."""
        ...

    def events(self, signal: str) -> Counts:
        """Return the units with an event of `signal` in all slices: [T, segment, arm]."""
        ...

    def rows(self) -> Floats:
        """Return the events in all slices: [T, new of each signal, then both, segment]."""
        ...


class LateWindow(Window):
    """A window whose `time_hist` and `features` stay undrawn until they are read.

    Sums are those of the piece, made for all of its slices at once; a copy makes its own.
    """

    __slots__ = ("_late",)
    _late: tuple[Source, int] | None

    def _tallied(self, signal: str) -> Tally:
        if self._late is None:
            return Window._tallied(self, signal)
        source, i = self._late
        return source.tally(signal)[i]

    def per_arm(self, name: str) -> list[int]:
        """Return the sums of an array for [arm]."""
        if self._late is None:
            return Window.per_arm(self, name)
        source, i = self._late
        return source.per_arm(name)[i]

    def by_arm(self, name: str) -> list[list[int]]:
        """Return an array summed over segments, as [arm][last axis]."""
        if self._late is None or name == "units":
            return Window.by_arm(self, name)
        source, i = self._late
        return source.by_arm(name)[i]

    def summed(self, name: str) -> Counts:
        """Return an array summed over segments, [arm, last axis]."""
        if self._late is None:
            return Window.summed(self, name)
        source, i = self._late
        found: Counts = source.summed(name)[i]
        return found

    def events(self, signal: str = "failure") -> Counts:
        """Return the units with an event of `signal` as [segment, arm]."""
        if self._late is None:
            return Window.events(self, signal)
        source, i = self._late
        found: Counts = source.events(signal)[i]
        return found

    def rows(self) -> Floats:
        """Return the events [new of each signal, then both, segment]."""
        if self._late is None:
            return Window.rows(self)
        source, i = self._late
        found: Floats = source.rows()[i]
        return found

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a slot that is still empty
        if name == "_late":  # a copy, which has all arrays
            return None
        if name not in _LATE:
            raise AttributeError(name)
        assert self._late is not None
        source, i = self._late
        array = source.drawn(name, i)
        object.__setattr__(self, name, array)
        return array

    @classmethod
    def cut(cls, source: Source, i: int, at: Moment, same: Mapping[str, Any]) -> Self:
        """Return slice `i` of a piece; `same` are the fields that all of its slices share.

        Slot by slice: a day has thousands of slices, and all of a piece are known to have one form.
        """
        window, put = cls.__new__(cls), object.__setattr__
        put(window, "_late", (source, i))
        put(window, "start_s", at[0])
        put(window, "end_s", at[1])
        put(window, "slice_index", at[2])
        put(window, "units", source.units[i])
        put(window, "attempts", source.attempts[i])
        put(window, "resumed", source.resumed[i])
        put(window, "_totals", source.totals[i])
        for name in _KNOWN:
            put(window, name, {})
        for name, value in same.items():
            put(window, name, value)
        return window


_KNOWN = tuple(one.name for one in fields(Window) if one.default_factory is dict)
