"""Harmed clients: how many distinct ones the harmed connections belong to.

Harmful hits of a pool are a Poisson process whose points fall on its N clients uniformly and
independently (a client's own retries are not counted again), so after h hits the number of
distinct clients is that of occupied urns after h balls: drawn once, at the end.
"""

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

Ints = npt.NDArray[np.int64]

BALLS = 4_000_000  # thrown one by one up to here; beyond, missed urns are drawn one by one
FEW = 16.0  # expected candidates up to which collisions are drawn instead of balls
SOME = 10_000  # balls of one cell that are thrown together with those of others


def distinct(hits: int, clients: int, draw: Generator) -> int:
    """Return the number of distinct clients among `hits` uniform ones out of `clients`.

    Above `BALLS` hits every client is hit or missed independently with its marginal probability:
    then N < h, and the error against the urn law is below its own standard deviation.
    """
    if hits <= 0:
        return 0
    if clients == 1:
        return 1
    if hits <= BALLS:
        return int(np.unique(draw.integers(0, clients, hits)).size)
    return int(draw.binomial(clients, -np.expm1(hits * np.log1p(-1.0 / clients))))


def distinct_each(hits: Ints, clients: Ints, draw: Generator) -> Ints:
    """Return `distinct` of many cells; hardly anything is drawn where hardly any balls collide.

    Ball b = 0 .. h - 1 falls into one of the k <= b urns that are taken with probability k / N. So
    balls are candidates with probability (h - 1) / N each, independently, and a candidate collides
    with probability k / (h - 1), where k is b less the collisions before it.
    """
    found = hits.ravel().copy()
    some = np.flatnonzero(found > 1)
    h, n = found[some], clients.ravel()[some]
    dense = (h > n) | (h * (h - 1.0) > FEW * n)
    found[some[dense]] = _thrown(h[dense], n[dense], draw)
    some, h, n = some[~dense], h[~dense], n[~dense]
    candidates = draw.binomial(h, (h - 1) / n)
    for i in np.flatnonzero(candidates).tolist():
        found[some[i]] -= _collisions(int(h[i]), int(candidates[i]), draw)
    return found.reshape(hits.shape)


def _collisions(hits: int, candidates: int, draw: Generator) -> int:
    met = 0
    balls = [int(draw.integers(hits))] if candidates == 1 else _subset(hits, candidates, draw)
    for ball in balls:
        met += bool(draw.random() * (hits - 1) < ball - met)
    return met


def _subset(n: int, size: int, draw: Generator) -> list[int]:
    chosen: list[int] = np.sort(draw.choice(n, size, replace=False)).tolist()
    return chosen


def _thrown(hits: Ints, clients: Ints, draw: Generator) -> Ints:
    """Throw all balls of the small cells at once, and those of each large cell by itself."""
    small = hits <= SOME
    found = np.array(
        [
            0 if s else distinct(int(h), int(n), draw)
            for h, n, s in zip(hits, clients, small, strict=True)
        ],
        np.int64,
    )
    cell = np.repeat(np.arange(len(hits)), np.where(small, hits, 0))
    urn = draw.integers(0, clients[cell])
    order = np.lexsort((urn, cell))
    cell, urn = cell[order], urn[order]
    fresh = np.ones(len(cell), bool)
    fresh[1:] = (cell[1:] != cell[:-1]) | (urn[1:] != urn[:-1])
    return found + np.bincount(cell[fresh], minlength=len(hits))
