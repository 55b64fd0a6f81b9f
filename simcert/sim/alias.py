"""Alias table: a category of given weights in constant time (Walker, ACM TOMS 3, 1977)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AliasTable:
    """Cell i holds category i up to the fraction `keep`, and `other` beyond it."""

    keep: Floats
    other: Ints

    def pick(self, u: Floats) -> Ints:
        """Return a category for each uniform number in [0, 1)."""
        scaled = u * len(self.keep)
        cell = scaled.astype(np.int64)  # u < 1 never rounds up to the number of cells: it is small
        scaled -= cell
        away = np.flatnonzero(scaled >= self.keep.take(cell))
        cell[away] = self.other[cell[away]]
        return cell


def alias_table(weights: Floats) -> AliasTable:
    """Return the table of some weights; all zero stands for equal ones (Vose, 1991)."""
    total = float(weights.sum())
    scaled = (weights * (len(weights) / total)).tolist() if total else [1.0] * len(weights)
    keep, other = [1.0] * len(scaled), list(range(len(scaled)))
    small = [i for i, share in enumerate(scaled) if share < 1.0]
    large = [i for i, share in enumerate(scaled) if share >= 1.0]
    while small and large:
        low, high = small.pop(), large[-1]
        keep[low], other[low] = scaled[low], high
        scaled[high] -= 1.0 - scaled[low]
        if scaled[high] < 1.0:
            small.append(large.pop())
    return AliasTable(np.array(keep), np.array(other, np.int64))
