"""Detectors that watched disjoint units, each with coins of its own, become one."""

from dataclasses import fields
from typing import Self

from simcert.detect._state import Stateful
from simcert.errors import MergeError
from simcert.model.merging import joined


class Merging(Stateful):
    """Fields are joined by their rules (`simcert.model.merging`), the rest by `_join`."""

    __slots__ = ()

    def merge(self, other: Self) -> Self:
        """Return a detector that saw what both saw; MergeError if they are not of one kind."""
        if type(other) is not type(self):
            names = f"{type(self).__name__} and {type(other).__name__}"
            raise MergeError(f"states differ in kind: {names}")
        own = fields(self)
        merged = self.from_dict(joined(self.to_dict(), other.to_dict(), own))
        merged._join(self, other)
        merged._conclude()
        return merged

    def _join(self, mine: Self, theirs: Self) -> None:
        """Reckon the fields that need several ones of both sides at once."""

    def _conclude(self) -> None:
        """Reckon what follows from the fields that are joined."""
