"""Late windows: handshake times and features are drawn when somebody reads them.

They have a stream of their own, keyed by the piece, so whoever reads them sees the same numbers,
and who does not read them does not pay for one multinomial per slice, segment and arm.
"""

from typing import Any, Protocol

from simcert.model import Window
from simcert.model.window import Counts

_LATE = ("time_hist", "features")


class Source(Protocol):
    """Draws times and features of all slices of a piece, once."""

    def drawn(self, name: str, i: int) -> Counts:
        """Return an array of slice `i`."""
        ...


class LateWindow(Window):
    """A window whose `time_hist` and `features` stay undrawn until they are read."""

    __slots__ = ("_late",)
    _late: tuple[Source, int]

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a slot that is still empty
        if name not in _LATE:
            raise AttributeError(name)
        source, i = self._late
        array = source.drawn(name, i)
        object.__setattr__(self, name, array)
        return array

    def leave(self, source: Source, i: int) -> None:
        """Empty both slots; `source` will fill them."""
        object.__setattr__(self, "_late", (source, i))
        for name in _LATE:
            object.__delattr__(self, name)
