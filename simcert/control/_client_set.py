"""Sets of names that take whole columns: which rows are the first of their name."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: Fibonacci hashing (Knuth, vol. 3, 6.4)
_EMPTY = np.int64(-(2**63))  # no client has this name
_LOAD = 0.4


class Names(Protocol):
    """A set of names."""

    def add(self, names: Ints) -> Mask:
        """Add the names; return which rows brought a new one (the first row of each such name)."""
        ...

    def __len__(self) -> int: ...


class DenseSet:
    """A set of the names 0 .. n - 1, by direct addressing.

    `owner` is a scratch column of n rows, which sets may share: nothing is kept in it.
    """

    def __init__(self, owner: npt.NDArray[np.int32]) -> None:
        self._owner, self._held, self._size = owner, np.zeros(len(owner), bool), 0

    def __len__(self) -> int:
        return self._size

    def add(self, names: Ints) -> Mask:
        """Add the names; return which rows brought a new one (the first row of each such name)."""
        fresh = np.flatnonzero(~self._held.take(names))
        asked, rows = names.take(fresh), np.arange(len(fresh), dtype=np.int32)
        # of repeated indices the last one is stored, so backwards the first row wins
        self._owner[asked[::-1]] = rows[::-1]
        won = fresh.take(np.flatnonzero(self._owner.take(asked) == rows))
        self._held[asked] = True
        self._size += len(won)
        first = np.zeros(len(names), bool)
        first[won] = True
        return first


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

    def add(self, names: Ints) -> Mask:
        """Add the names; return which rows brought a new one (the first row of each such name)."""
        if self._size + len(names) > _LOAD * (1 << self._bits):
            self._grow(self._size + len(names))
        first = np.zeros(len(names), bool)
        rows = np.arange(len(names), dtype=np.int32)
        slots, wanted = self._slots(names), names
        while len(rows):
            won, left = self._claim(rows, slots, wanted)
            first[rows[won]] = True
            rows, wanted = rows[left], wanted[left]
            slots = (slots[left] + 1) & ((1 << self._bits) - 1)
        self._size += int(np.count_nonzero(first))
        return first

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
