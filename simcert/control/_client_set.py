"""Sets of names that take whole columns: which rows are the first of their name."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: Fibonacci hashing (Knuth, vol. 3, 6.4)
_EMPTY = np.int64(-(2**63))  # no client has this name
_LOAD = 0.4
STAMPS_MAX = 2**31 - 1


class Names(Protocol):
    """A set of names."""

    def add(self, names: Ints) -> Ints:
        """Add the names; return the rows that brought a new one (the first of each such name)."""
        ...

    def __len__(self) -> int: ...


class DenseSet:
    """A set of the names 0 .. n - 1, by direct addressing.

    A name has a stamp: the number of the row that brought it, counted on for ever. So the set is
    emptied by a look at the counter, and used again it meets a column that is in cache.
    """

    def __init__(self, size: int) -> None:
        self._stamp = np.zeros(size, np.int32)
        self._began = self._next = 1
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def clear(self) -> None:
        """Forget all names."""
        self._began, self._size = self._next, 0

    def add(self, names: Ints) -> Ints:
        """Add the names; return the rows that brought a new one (the first of each such name)."""
        if self._next + len(names) > STAMPS_MAX:
            self._renumber()
        fresh = np.flatnonzero(self._stamp.take(names) < self._began)
        asked = names.take(fresh)
        rows = np.arange(self._next, self._next + len(fresh), dtype=np.int32)
        # of repeated indices the last one is stored, so backwards the first row wins
        self._stamp[asked[::-1]] = rows[::-1]
        won = fresh.take(np.flatnonzero(self._stamp.take(asked) == rows))
        self._next += len(fresh)
        self._size += len(won)
        return won

    def _renumber(self) -> None:
        """Start the count of rows anew."""
        self._stamp = (self._stamp >= self._began).astype(np.int32)
        self._began, self._next = 1, 2


class ClientSet:
    """Any 64-bit names: open addressing with linear probing, a round of numpy per probe."""

    def __init__(self, expected: int = 1024) -> None:
        self._bits = max(int(np.ceil(np.log2(max(expected, 16) / _LOAD))), 6)
        self._clear()

    def _clear(self) -> None:
        self._names = np.full(1 << self._bits, _EMPTY, np.int64)
        self._owner = np.empty(1 << self._bits, np.int32)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, names: Ints) -> Ints:
        """Add the names; return the rows that brought a new one (the first of each such name)."""
        if self._size + len(names) > _LOAD * (1 << self._bits):
            self._grow(self._size + len(names))
        first: Mask = np.zeros(len(names), bool)
        rows = np.arange(len(names), dtype=np.int32)
        slots, wanted = self._slots(names), names
        while len(rows):
            won, left = self._claim(rows, slots, wanted)
            first[rows[won]] = True
            rows, wanted = rows[left], wanted[left]
            slots = (slots[left] + 1) & ((1 << self._bits) - 1)
        brought: Ints = np.flatnonzero(first)
        self._size += len(brought)
        return brought

    def _slots(self, names: Ints) -> npt.NDArray[np.int64]:
        shift = np.uint64(64 - self._bits)
        return ((names.view(np.uint64) * _MIX) >> shift).view(np.int64)

    def _claim(
        self, rows: npt.NDArray[np.int32], slots: npt.NDArray[np.int64], wanted: Ints
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Let the first row that asks for an empty slot have it; return (those, who must go on)."""
        held = self._names[slots]
        empty = np.flatnonzero(held == _EMPTY)
        taken = np.flatnonzero((held != wanted) & (held != _EMPTY))
        asked, asking = slots[empty], rows[empty]
        # of repeated indices the last one is stored, so backwards the first row wins
        self._owner[asked[::-1]] = asking[::-1]
        has = self._owner[asked] == asking
        won, lost = empty[has], empty[~has]
        self._names[slots[won]] = wanted[won]
        lost = lost[self._names[slots[lost]] != wanted[lost]]
        return won, np.sort(np.concatenate([taken, lost]))

    def _grow(self, expected: int) -> None:
        held = self._names[self._names != _EMPTY]
        self._bits = int(np.ceil(np.log2(expected / _LOAD))) + 1
        self._clear()
        if len(held):
            self.add(held)
