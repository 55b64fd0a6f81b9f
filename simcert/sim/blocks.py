"""Blocks: what would happen under both certificates, drawn ahead for many slices of one epoch."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simcert.sim.ground import Epoch, Ground
from simcert.sim.splitting import split
from simcert.sim.visits import masses, visits
from simcert.world.streams import Purpose, Streams

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

AHEAD = 384  # slices that are drawn ahead, about


@dataclass(frozen=True, slots=True)
class Block:
    """Slices `first` .. `last` - 1: full handshakes by column, [K, T, M].

    K = 3: units, further visits, connections parallel to either.
    """

    first: int
    last: int
    epoch: Epoch
    columns: Ints
    failing: Ints  # [T, P] visits that fail under both certificates alike
    units: Ints  # [T, P]
    unseen: Ints  # [T, P] before each slice
    resumed: Ints  # [T, S]
    mass: Floats  # [T, P]
    outages: list[Floats]


def chunk_of(ground: Ground, step: int) -> tuple[int, int]:
    """Return the slices that are drawn together with `step`: whole windows."""
    slices = ground.spec.slices
    size = max(1, round(AHEAD / slices)) * slices
    first = step // size * size
    end = -(-ground.steps // slices) * slices
    return first, min(first + size, end)


def blocks(ground: Ground, streams: Streams, step: int) -> list[Block]:
    """Draw the chunk that `step` lies in; nothing in it depends on the policy."""
    first, last = chunk_of(ground, step)
    edges = ground.edges_s(first, last)
    mass = masses(ground.pools, edges)
    draw = streams.generator(Purpose.ARRIVALS, first)
    came = visits(ground.pools, len(ground.segments), mass, ground.spec.slices, draw)
    drawn = []
    for low, high in _stretches(ground, first, last):
        at = slice(low - first, high - first)
        outages = ground.outages_in(ground.edges_s(low, high))
        epoch = ground.epoch_of(low)
        both = np.stack([came.units[at], came.extras[at]])
        main = split(epoch.layout, ground.pools, both, outages, draw)
        reached = (both - main.common).sum(axis=0)
        beside = draw.poisson(epoch.layout.parallel * reached)
        more = split(epoch.layout, ground.pools, beside[None], outages, draw)
        drawn.append(
            Block(
                low,
                high,
                epoch,
                np.concatenate([main.columns, more.columns]),
                main.failing(epoch.layout),
                came.units[at],
                came.unseen[at],
                came.resumed[at],
                mass[at],
                outages,
            )
        )
    return drawn


def _stretches(ground: Ground, first: int, last: int) -> Iterator[tuple[int, int]]:
    cuts = sorted({first, last, *(e.first for e in ground.epochs if first < e.first < last)})
    return itertools.pairwise(cuts)
