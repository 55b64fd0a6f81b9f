"""Parts: how many of the items of many cells are chosen, by chance each or so many in all."""

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FEW = 10  # rows up to which numpy's checks of columns are dearer than a call for each row
SPARSE = 4  # cells per occupied one from which on the empty ones are left out
SMALL = 500  # cells up to which finding the occupied ones is dearer than drawing from all


def part_of(n: Ints, share: Floats | np.float64, draw: Generator) -> Ints:
    """Return a binomial part of each cell; an empty cell draws nothing, so skipping it is free."""
    if n.size <= SMALL or np.count_nonzero(n) * SPARSE > n.size:
        dense: Ints = draw.binomial(n, share)
        return dense
    part, some = np.zeros_like(n), np.nonzero(n)
    if len(some[0]):
        part[some] = draw.binomial(n[some], np.broadcast_to(share, n.shape)[some])
    return part


def drawn_from(good: Ints, bad: Ints, n: Ints, draw: Generator) -> Ints:
    """Return how many good items are among `n` of each row; one by one where rows are few."""
    if len(n) > FEW:
        many: Ints = draw.hypergeometric(good, bad, n)
        return many
    rows = zip(good.tolist(), bad.tolist(), n.tolist(), strict=True)
    return np.array([draw.hypergeometric(*row) for row in rows], np.int64)


def some_of(counts: Ints, n: Ints, draw: Generator) -> Ints:
    """Choose `n` of the items of each row, whichever: multivariate hypergeometric, by column."""
    left = counts.sum(axis=1)
    chosen = np.where((n == left)[:, None], counts, 0)
    rows = np.flatnonzero((n > 0) & (n < left))
    left, wanted, here = left[rows], n[rows], counts[rows]
    columns = np.flatnonzero(here.any(axis=0)).tolist()
    for column in columns[:-1]:
        left = left - here[:, column]
        chosen[rows, column] = got = drawn_from(here[:, column], left, wanted, draw)
        wanted = wanted - got
    if columns:
        chosen[rows, columns[-1]] = wanted
    return chosen
