"""Splitting: attempts fall into columns of potential outcomes; no exposure is known yet."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from simcert.sim.layout import Layout
from simcert.sim.pools import Pool

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Split:
    """`columns` [K, T, M]; `common` [K, T, P] failed for reasons that both certificates share."""

    columns: Ints
    common: Ints

    def failing(self, layout: Layout) -> Ints:
        """Return what fails whatever is served, for common reasons or with both: [T, P]."""
        failing: Ints = self.common.sum(axis=0)
        for column in layout.dead.tolist():
            failing[:, layout.owner[column]] += self.columns[:, :, column].sum(axis=0)
        return failing


def split(
    layout: Layout,
    pools: list[Pool],
    attempts: Ints,
    outages: list[Floats],
    draw: Generator,
) -> Split:
    """Draw the potential outcomes of `attempts` [K, T, P]; `outages` [T, S] come first.

    Binomials and multinomials of independent Poisson cells are independent Poisson cells, so the
    order of the draws does not change the law.
    """
    columns = np.zeros((*attempts.shape[:2], len(layout.columns)), np.int64)
    if not attempts.any():
        return Split(columns, np.zeros_like(attempts))
    segment = np.array([pool.segment for pool in pools])
    rest = attempts
    for at, share in zip(layout.lost, outages, strict=True):
        gone = draw.binomial(rest, share[:, segment])
        for g, s in enumerate(segment.tolist()):
            columns[:, :, at[s]] += gone[:, :, g]
        rest = rest - gone
    failed = draw.binomial(rest, np.array([pool.like.background.rate for pool in pools]))
    rest = rest - failed
    for one in layout.background:
        _spread(columns, failed[:, :, one.pools].sum(axis=2), one.columns, one.shares, draw)
    for one in layout.certificate:
        _spread(columns, rest[:, :, one.pools[0]], one.columns, one.shares, draw)
    return Split(columns, attempts - rest)


def _spread(columns: Ints, n: Ints, at: Ints, shares: Floats, draw: Generator) -> None:
    if len(at) == 1:
        columns[:, :, at[0]] += n
        return
    parts = draw.multinomial(n, shares)
    for i, column in enumerate(at.tolist()):
        columns[:, :, column] += parts[:, :, i]
