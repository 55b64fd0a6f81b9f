"""Rest: what is left of the horizon once nothing is decided any more, in cells of an hour.

The law is that of the slices; only what needs windows is left out, and retries that wait when the
horizon ends are counted although they would come after it.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from simcert.sim.blocks import Block
from simcert.sim.ground import Ground
from simcert.sim.retries import Waits
from simcert.sim.returns import Added, Returns, Waiting
from simcert.sim.splitting import split
from simcert.sim.thinning import Piece, thin
from simcert.sim.visits import masses
from simcert.world.streams import Purpose, Streams

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

CELL_S = 3600.0


@dataclass(slots=True)
class Totals:
    """Connections of both arms, and what came of them; `hits` by pool."""

    hits: Ints
    connections: int = 0
    ok: int = 0
    harmed: int = 0


def rest(
    ground: Ground, streams: Streams, step: int, exposure: float, waits: Waits, waiting: Waiting
) -> Totals:
    """Draw everything from slice `step` to the horizon; chains of retries run to their end."""
    draw = streams.generator(Purpose.REST, step)
    totals = Totals(np.zeros(len(ground.pools), np.int64))
    waits = waits.endless()
    waiting = Waiting(waiting.chains, np.zeros_like(waiting.early))
    cuts = [step, *(one.first for one in ground.epochs if step < one.first), ground.steps]
    for low, high in itertools.pairwise(cuts):
        if low < high:
            piece = _piece(ground, low, high, exposure, draw)
            _add(totals, piece)
            if len(waits.pools):
                returns = Returns(ground, waits, piece, waiting, draw)
                _add_retries(totals, returns.added)
                waiting = returns.after(piece.last)
    return totals


def _piece(ground: Ground, low: int, high: int, exposure: float, draw: Generator) -> Piece:
    cells = max(1, round((high - low) * ground.slice_s / CELL_S))
    edges = np.linspace(low * ground.slice_s, high * ground.slice_s, cells + 1)
    mass, epoch = masses(ground.pools, edges), ground.epoch_of(low)
    share = np.array([pool.like.resumption.share for pool in ground.pools])
    resumed = draw.poisson(_by_segment(ground, mass * share))
    outages = ground.outages_in(edges)
    visits = draw.poisson(mass * (1.0 - share))
    both = np.stack([np.zeros_like(visits), visits])
    main = split(epoch.layout, ground.pools, both, outages, draw)
    beside = draw.poisson(epoch.layout.parallel * (visits - main.common[1]))
    more = split(epoch.layout, ground.pools, beside[None], outages, draw)
    columns = np.concatenate([main.columns, more.columns])
    failing = main.failing(epoch.layout)
    nobody = np.zeros_like(visits)
    block = Block(0, cells, epoch, columns, failing, nobody, nobody, resumed, mass, outages)
    return thin(ground, block, 0, cells, exposure, draw)


def _by_segment(ground: Ground, mass: Floats) -> Floats:
    total = np.zeros((len(mass), len(ground.segments)))
    for g, pool in enumerate(ground.pools):
        total[:, pool.segment] += mass[:, g]
    return total


def _add(totals: Totals, piece: Piece) -> None:
    totals.connections += int(piece.attempts.sum())
    totals.ok += int(piece.attempts[..., 0].sum())
    totals.harmed += int(piece.harmed.sum())
    totals.hits += piece.hits.sum(axis=0)


def _add_retries(totals: Totals, added: Added) -> None:
    totals.connections += int(added.attempts.sum())
    totals.ok += int(added.ok.sum())
    totals.harmed += int(added.harmed.sum())
    totals.hits += added.hits.sum(axis=0)
