"""Thinning: an exposure turns potential outcomes into what was served, and into who was harmed.

Every connection is served the new certificate with probability `exposure`, independently, so a
binomial part of each independent Poisson cell is again one.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from simcert.model import NEW, OLD
from simcert.sim.blocks import Block
from simcert.sim.ground import Ground
from simcert.sim.layout import Layout
from simcert.sim.parts import part_of
from simcert.sim.splitting import split

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Piece:
    """Slices `first` .. `last` - 1 under one exposure; T slices, P pools, M columns, S segments.

    `failed` and `hurt` [T, P] are visits whose clients may retry, `hurt` by the new certificate;
    `harmed` [T] counts connections of any kind, `hits` [T, P] visits with at least one of these.
    """

    block: Block
    first: int
    last: int
    exposure: float
    shown: Ints  # [T, M, arm] units by column
    units: Ints  # [T, S, arm, outcome]
    attempts: Ints  # resumed ones included
    resumed: Ints  # [T, S, arm]
    failed: Ints
    hurt: Ints
    harmed: Ints
    hits: Ints


def thin(
    ground: Ground, block: Block, first: int, last: int, exposure: float, draw: Generator
) -> Piece:
    """Serve slices first .. last - 1 of a block under `exposure`."""
    at = slice(first - block.first, last - block.first)
    layout = block.epoch.layout
    columns = block.columns[:, at]
    new = np.zeros_like(columns)
    some = columns.any(axis=(0, 1))
    kinds = 3 if columns[2].any() else 2
    new[:kinds, :, some] = draw.binomial(columns[:kinds, :, some], exposure)
    old = columns - new
    if layout.uneven:
        new, old = _with_excess(ground, block, at, new, old, exposure, draw)
    harmful, cured = layout.harmful, layout.cured
    pools = len(ground.pools)
    hurt = _by_pool(layout, new[:2][:, :, harmful].sum(axis=0), harmful, pools)
    beside = part_of(new[2][:, harmful], np.float64(1.0 - exposure), draw)
    hits = hurt + _by_pool(layout, beside, harmful, pools)
    saved = _by_pool(layout, old[:2][:, :, cured].sum(axis=0), cured, pools)
    shape = (last - first, len(ground.segments), 2, len(ground.outcomes))
    attempts = _placed(layout, old.sum(axis=0), new.sum(axis=0), shape)
    resumed = _by_arm(block.resumed[at], exposure, draw)
    attempts[..., 0] += resumed
    return Piece(
        block,
        first,
        last,
        exposure,
        np.stack([old[0], new[0]], axis=-1),
        _placed(layout, old[0], new[0], shape),
        attempts,
        resumed,
        block.failing[at] + saved,
        hurt,
        new[:, :, harmful].sum(axis=(0, 2)),
        hits,
    )


def _by_arm(n: Ints, exposure: float, draw: Generator) -> Ints:
    new = draw.binomial(n, exposure)
    return np.stack([n - new, new], axis=-1)


def _placed(layout: Layout, old: Ints, new: Ints, shape: tuple[int, ...]) -> Ints:
    flat = np.zeros((shape[0], shape[1] * shape[2] * shape[3]), np.int64)
    order, starts, at = layout.sums
    both = np.concatenate([old, new], axis=1)[:, order]
    flat[:, at] = both if len(at) == len(order) else np.add.reduceat(both, starts, axis=1)
    return flat.reshape(shape)


def _by_pool(layout: Layout, n: Ints, columns: Ints, pools: int) -> Ints:
    """Sum `n`, which holds these columns, over the pools that own them."""
    total = np.zeros((len(n), pools), np.int64)
    for i, column in enumerate(columns.tolist()):
        total[:, layout.owner[column]] += n[:, i]
    return total


def _with_excess(
    ground: Ground, block: Block, at: slice, new: Ints, old: Ints, exposure: float, draw: Generator
) -> tuple[Ints, Ints]:
    """Add connections that only one certificate makes clients open; they are drawn like others."""
    layout = block.epoch.layout
    mean = np.zeros((new.shape[1], len(ground.pools)))
    sums = old[:2].sum(axis=0), new[:2].sum(axis=0)
    for column, g in enumerate(layout.owner.tolist()):
        for arm in (OLD, NEW):
            if g >= 0 and layout.excess[g, arm]:
                mean[:, g] += layout.excess[g, arm] * sums[arm][:, column]
    outages = [share[at] for share in block.outages]
    more = split(layout, ground.pools, draw.poisson(mean)[None], outages, draw).columns
    served = draw.binomial(more, exposure)
    new, old = new.copy(), old.copy()
    new[2] += served[0]
    old[2] += (more - served)[0]
    return new, old
