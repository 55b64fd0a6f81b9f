"""Rare rows: which few of many rows something happens to, at a cost of those few.

The gaps between successes of independent trials are geometric, so only these are drawn.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

RARE = 0.1  # chance up to which gaps are cheaper than a number per row
MANY = 500  # rows from which on they are


@dataclass(frozen=True, slots=True)
class Chances:
    """What befalls a row, by its kind; the largest chance, and whether there is no other."""

    each: Floats
    most: float
    equal: bool

    @classmethod
    def of(cls, each: Floats) -> Self:
        """Return the table of a chance per kind."""
        most = float(each.max(initial=0.0))
        return cls(each, most, bool(np.all(each == most)))


def rare(rows: int, chance: float, draw: Generator) -> Ints:
    """Return those of `rows` rows that something of equal chance happens to, in order."""
    if chance <= 0.0 or not rows:
        return np.zeros(0, np.int64)
    if chance > RARE or rows < MANY:
        return np.flatnonzero(draw.random(rows) < chance)
    mean = rows * chance
    gaps = int(mean + 4.0 * np.sqrt(mean)) + 4
    at = np.zeros(0, np.int64)
    last = -1
    while last < rows:
        further = last + np.cumsum(np.minimum(draw.geometric(chance, gaps), rows + 1))
        at, last = np.concatenate([at, further]), int(further[-1])
    return at[: int(np.searchsorted(at, rows))]


def rare_each(kind: Ints, chances: Chances, draw: Generator) -> Ints:
    """Return the rows that something happens to whose chance a row's kind decides, in order."""
    at = rare(len(kind), chances.most, draw)
    if chances.equal:
        return at
    return at[draw.random(len(at)) * chances.most < chances.each[kind[at]]]
