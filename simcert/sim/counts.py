"""Counts: traffic as independent Poisson and binomial cells; its cost does not grow with traffic.

Who comes, and what would happen under both certificates, is drawn ahead (`blocks`), whatever the
policy does; an exposure only thins it (`thinning`). Retries run slice by slice (`returns`). A
change of exposure throws away what was thinned ahead, nothing else.
"""

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from simcert.model import FEATURES, Window
from simcert.sim.blocks import Block, blocks
from simcert.sim.ground import Ground, ground_of
from simcert.sim.harmed import distinct
from simcert.sim.rest import rest
from simcert.sim.returns import Added, Lost, Returns
from simcert.sim.thinning import Piece, thin
from simcert.world.spec import WorldSpec
from simcert.world.streams import Purpose, Streams

Ints = npt.NDArray[np.int64]

GRID = 32  # slices that are thinned together; policies that moved apart meet again at its lines
_RETRY = FEATURES.index("retry")


class Counts:
    """Traffic of one seed, slice by slice; totals are exact integers."""

    def __init__(self, spec: WorldSpec, streams: Streams) -> None:
        self._ground: Ground = ground_of(spec)
        self._streams = streams
        self._step = 0
        self._blocks: list[Block] = []
        self._ahead: _Ahead | None = None
        self._returns = Returns(self._ground)
        self._hits = np.zeros(len(self._ground.pools), np.int64)
        self._quiet = (np.zeros((len(self._ground.segments), 2), np.int64), np.zeros((2, 2), int))
        self.connections = 0
        self.ok_connections = 0
        self.harmed_connections = 0

    def advance(self, exposure: float) -> list[Window]:
        """Return the next slice under `exposure`."""
        ahead = self._ahead
        if ahead is None or self._step >= ahead.piece.last or exposure != ahead.piece.exposure:
            ahead = self._ahead = self._thinned(exposure)
        i = self._step - ahead.piece.first
        added = None if self._returns.none else self._retried(ahead, i)
        self._count(ahead, i, added)
        window = self._window(ahead, i, added)
        self._step += 1
        return [window]

    def finish(self, exposure: float) -> None:
        """Let the rest of the horizon pass under `exposure`, in a few large cells."""
        totals = rest(self._ground, self._streams, self._step, exposure, self._returns)
        self.connections += totals.connections
        self.ok_connections += totals.ok
        self.harmed_connections += totals.harmed
        self._hits += totals.hits
        self._step = self._ground.steps

    def harmed_clients(self) -> int:
        """Return how many distinct clients the harmed connections belong to."""
        draw = self._streams.generator(Purpose.HARMED, 0)
        pools = zip(self._hits.tolist(), self._ground.pools, strict=True)
        return sum(distinct(hits, pool.clients, draw) for hits, pool in pools)

    def _thinned(self, exposure: float) -> "_Ahead":
        step = self._step
        if not self._blocks or step >= self._blocks[-1].last:
            self._blocks = blocks(self._ground, self._streams, step)
        block = next(one for one in self._blocks if step < one.last)
        last = min(block.last, (step // GRID + 1) * GRID)
        draw = self._streams.generator(Purpose.ARMS, step)
        return _Ahead(thin(self._ground, block, step, last, exposure, draw), self._streams)

    def _retried(self, ahead: "_Ahead", i: int) -> Added | None:
        if self._step % self._ground.spec.slices == 0:
            self._returns.open_window()
        piece = ahead.piece
        at = self._step - piece.block.first
        unseen = piece.block.unseen[at]
        lost: Lost = tuple(tuple(share[at].tolist()) for share in piece.block.outages)
        added = self._returns.step(
            piece.block.epoch,
            lost,
            piece.failed[i],
            piece.hurt[i],
            unseen,
            piece.exposure,
            ahead.retry_draw,
        )
        ahead.demote(i, self._returns, unseen)
        return added

    def _count(self, ahead: "_Ahead", i: int, added: Added | None) -> None:
        piece = ahead.piece
        self.connections += ahead.connections[i]
        self.ok_connections += ahead.ok[i]
        self.harmed_connections += ahead.harmed[i]
        if ahead.harmed[i]:
            self._hits += piece.hits[i]
        if added is not None:
            self.connections += int(added.attempts.sum())
            self.ok_connections += int(added.ok.sum())
            self.harmed_connections += added.harmed
            for pool, n in added.hits.items():
                self._hits[pool] += n

    def _window(self, ahead: "_Ahead", i: int, added: Added | None) -> Window:
        ground, step, piece = self._ground, self._step, ahead.piece
        units, attempts, times, features = ahead.arrays(i)
        if added is not None:
            units, attempts = units + added.units, attempts + added.attempts
            times, features = ahead.with_retries(times, features, added)
        slices, spec = ground.spec.slices, ground.spec
        return Window(
            step * spec.window_s / slices,
            (step + 1) * spec.window_s / slices,
            piece.exposure,
            ground.segments,
            ground.outcomes,
            units,
            attempts,
            piece.resumed[i],
            times,
            features,
            *self._quiet,
            step % slices,
            slices,
            spec.feedback_s,
        )


class _Ahead:
    """A piece with what is drawn once for all its slices."""

    def __init__(self, piece: Piece, streams: Streams) -> None:
        self.piece = piece
        block, first = piece.block, piece.first
        at = slice(first - block.first, piece.last - block.first)
        self._draw = streams.generator(Purpose.TIMES, first)
        ok = piece.attempts[..., 0] - piece.resumed
        self._law = block.epoch.handshakes
        self._times, self._features = self._law.draw(ok, block.mass[at], self._draw)
        self.retry_draw: Generator = streams.generator(Purpose.RETRIES, first)
        self.connections: list[int] = piece.attempts.sum(axis=(1, 2, 3)).tolist()
        self.ok: list[int] = piece.attempts[..., 0].sum(axis=(1, 2)).tolist()
        self.harmed: list[int] = piece.harmed.tolist()

    def arrays(self, i: int) -> tuple[Ints, Ints, Ints, Ints]:
        """Return units, attempts, times and features of slice `i`."""
        return self.piece.units[i], self.piece.attempts[i], self._times[i], self._features[i]

    def demote(self, i: int, returns: Returns, unseen: Ints) -> None:
        """Take back units whose clients a retry has shown earlier in the window."""
        if not returns.early.any():
            return
        at = self.piece.first + i - self.piece.block.first
        gone = returns.demoted(self.piece.block.units[at], unseen, self.retry_draw)
        for pool in np.flatnonzero(gone).tolist():
            self._demote(i, pool, int(gone[pool]))

    def _demote(self, i: int, pool: int, n: int) -> None:
        """Take back `n` units of a pool, whichever; its background failures are left alone."""
        layout = self.piece.block.epoch.layout
        columns = layout.certificate[pool].columns
        here = self.piece.shown[i, columns].ravel()
        taken = self.retry_draw.multivariate_hypergeometric(here, min(n, int(here.sum())))
        flat = self.piece.units[i].reshape(-1)
        np.subtract.at(flat, layout.positions[columns].ravel(), taken)

    def with_retries(self, times: Ints, features: Ints, added: Added) -> tuple[Ints, Ints]:
        """Return times and features with those of successful retries."""
        pools = np.flatnonzero(added.ok.any(axis=1))
        if not len(pools):
            return times, features
        ok, where = added.ok[pools], self._law.segment[pools]
        times, features = times.copy(), features.copy()
        np.add.at(times, where, self._draw.multinomial(ok, self._law.times[pools]))
        has = self._draw.binomial(ok[..., None], self._law.features[pools])
        has[..., _RETRY] = ok
        np.add.at(features, where, has)
        return times, features
