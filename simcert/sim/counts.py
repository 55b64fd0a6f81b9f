"""Counts: traffic as independent Poisson and binomial cells; its cost does not grow with traffic.

Who comes, and what would happen under both certificates, is drawn ahead (`blocks`), whatever the
policy does; an exposure only thins it (`thinning`), and decides what retries come to (`returns`). A
change of exposure throws away what was thinned ahead, nothing else; so the longer it has not moved,
the further is thinned ahead.
"""

from typing import Any

import numpy as np
from numpy.random import Generator

from simcert.model import ARMS, FEATURES, NEW, OLD, Tally, Window
from simcert.model.window import Counts as Array
from simcert.model.window import Floats, picked, rows
from simcert.sim.blocks import Block, blocks
from simcert.sim.ground import Ground, ground_of
from simcert.sim.handshakes import Handshakes
from simcert.sim.harmed import distinct
from simcert.sim.late import LateWindow
from simcert.sim.rest import rest
from simcert.sim.returns import Added, Returns, nobody
from simcert.sim.thinning import Piece, thin
from simcert.world.spec import WorldSpec
from simcert.world.streams import Purpose, Streams

# slices thinned together; who moved apart meets there
GRIDS = (512, 256, 128, 64, 32, 16, 8)
_RETRY = FEATURES.index("retry")
_DRAWN_LATE = ("time_hist", "features")


class Counts:
    """Traffic of one seed, slice by slice; totals are exact integers."""

    def __init__(self, spec: WorldSpec, streams: Streams) -> None:
        self._ground: Ground = ground_of(spec)
        self._streams = streams
        self._step = 0
        self._blocks: list[Block] = []
        self._ahead: Ahead | None = None
        self._moved: tuple[int, float] = (0, -1.0)  # when exposure moved last, and where to
        self._waits, self._waiting = nobody(self._ground)
        self._hits = np.zeros(len(self._ground.pools), np.int64)
        self.connections = 0
        self.ok_connections = 0
        self.harmed_connections = 0

    def advance(self, exposure: float) -> list[Window]:
        """Return the next slice under `exposure`."""
        ahead = self._ahead
        if ahead is None or self._step >= ahead.piece.last or exposure != ahead.piece.exposure:
            ahead = self._thinned(exposure)
        i = self._step - ahead.piece.first
        self.connections += ahead.connections[i]
        self.ok_connections += ahead.ok[i]
        if ahead.harmed[i]:
            self.harmed_connections += ahead.harmed[i]
            self._hits += ahead.hits[i]
        window = self._window(ahead, i)
        self._step += 1
        return [window]

    def finish(self, exposure: float) -> None:
        """Let the rest of the horizon pass under `exposure`, in a few large cells."""
        self._settle()
        waiting = (self._waits, self._waiting)
        totals = rest(self._ground, self._streams, self._step, exposure, *waiting)
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

    def _settle(self) -> None:
        """Keep the chains that wait now; what was thinned further ahead is thrown away."""
        ahead = self._ahead
        if ahead is not None and ahead.returns is not None:
            self._waiting = ahead.returns.after(self._step - ahead.piece.first)
        self._ahead = None

    def _thinned(self, exposure: float) -> "Ahead":
        self._settle()
        step, ground, streams = self._step, self._ground, self._streams
        if not self._blocks or step >= self._blocks[-1].last:
            self._blocks = blocks(ground, streams, step)
        block = next(one for one in self._blocks if step < one.last)
        last = min(block.last, self._reach(step - block.first, exposure) + block.first)
        draw = streams.generator(Purpose.ARMS, step)
        piece = thin(ground, block, step, last, exposure, draw)
        returns = None
        if len(self._waits.pools):
            draw = streams.generator(Purpose.RETRIES, step)
            returns = Returns(ground, self._waits, piece, self._waiting, draw)
        self._ahead = Ahead(ground, piece, returns, streams)
        return self._ahead

    def _reach(self, at: int, exposure: float) -> int:
        """Return up to where slices are thinned together, counted from the block's first."""
        if exposure != self._moved[1]:
            self._moved = (self._step, exposure)
        calm = self._step - self._moved[0]
        grid = next((size for size in GRIDS if size <= 4 * calm), GRIDS[-1])
        return (at // grid + 1) * grid

    def _window(self, ahead: "Ahead", i: int) -> Window:
        spec, step = self._ground.spec, self._step
        slices, window_s = spec.slices, spec.window_s
        at = (step * window_s / slices, (step + 1) * window_s / slices, step % slices)
        return LateWindow.cut(ahead, i, at, ahead.same)


class Ahead:
    """A piece with its retries, and what is drawn once for all its slices."""

    def __init__(
        self, ground: Ground, piece: Piece, returns: Returns | None, streams: Streams
    ) -> None:
        self.piece, self.returns, self._streams = piece, returns, streams
        self._late: dict[str, Array] = {}
        self.units, self.attempts, self.resumed = piece.units, piece.attempts, piece.resumed
        harmed, self.hits = piece.harmed, piece.hits
        if returns is not None:
            added = returns.added
            self.units, self.attempts = self.units + added.units, self.attempts + added.attempts
            harmed, self.hits = harmed + added.harmed, self.hits + added.hits
        self.connections: list[int] = self.attempts.sum(axis=(1, 2, 3)).tolist()
        self.ok: list[int] = self.attempts[..., 0].sum(axis=(1, 2)).tolist()
        self.harmed: list[int] = harmed.tolist()
        self.totals: list[list[list[int]]] = self.units.sum(axis=1).tolist()
        self.same = _same(ground, piece.exposure)
        self._outcomes = ground.outcomes
        self._summed: dict[str, Array] = {}
        self._by_arm: dict[str, list[list[list[int]]]] = {}
        self._per_arm: dict[str, list[list[int]]] = {}
        self._tallies: dict[str, list[Tally]] = {}
        self._events: dict[str, Array] = {}
        self._rows: Floats | None = None

    def drawn(self, name: str, i: int) -> Array:
        """Return times or features of slice `i`; the first call draws those of all slices."""
        array: Array = self._all(name)[i]
        return array

    def _all(self, name: str) -> Array:
        """Return an array of all slices."""
        if name not in _DRAWN_LATE:
            array: Array = getattr(self, name)
            return array
        if not self._late:
            times, features = self._times()
            self._late = {"time_hist": times, "features": features}
        return self._late[name]

    def summed(self, name: str) -> Array:
        """Return an array of all slices summed over segments: [T, arm, last axis]."""
        found = self._summed.get(name)
        if found is None:
            total: Array = self._all(name).sum(axis=1)
            found = self._summed[name] = total
        return found

    def by_arm(self, name: str) -> list[list[list[int]]]:
        """Return the same as lists."""
        found = self._by_arm.get(name)
        if found is None:
            lists: list[list[list[int]]] = self.summed(name).tolist()
            found = self._by_arm[name] = lists
        return found

    def per_arm(self, name: str) -> list[list[int]]:
        """Return the sums of an array in all slices, [T][arm]."""
        found = self._per_arm.get(name)
        if found is None:
            sums = self.summed(name)
            lists: list[list[int]] = sums.reshape(*sums.shape[:2], -1).sum(axis=2).tolist()
            found = self._per_arm[name] = lists
        return found

    def tally(self, signal: str) -> list[Tally]:
        """Return units and events of `signal` per arm in all slices."""
        found = self._tallies.get(signal)
        if found is None:
            units = self.summed("units")
            n, f = units.sum(axis=2), units.dot(picked(self._outcomes, signal))
            rows = np.stack([n[:, NEW], f[:, NEW], n[:, OLD], f[:, OLD]], axis=1).tolist()
            found = self._tallies[signal] = [*map(Tally._make, rows)]
        return found

    def events(self, signal: str) -> Array:
        """Return the units with an event of `signal` in all slices: [T, segment, arm]."""
        found = self._events.get(signal)
        if found is None:
            found = self._events[signal] = self.units.dot(picked(self._outcomes, signal))
        return found

    def rows(self) -> Floats:
        """Return the events in all slices: [T, new of each signal, then both, segment]."""
        if self._rows is None:
            self._rows = rows(self.units, self._outcomes)
        return self._rows

    def _times(self) -> tuple[Array, Array]:
        piece, returns = self.piece, self.returns
        block, first = piece.block, piece.first
        at = slice(first - block.first, piece.last - block.first)
        draw = self._streams.generator(Purpose.TIMES, first)
        law = block.epoch.handshakes
        full = piece.attempts[..., 0] - piece.resumed
        times, features = law.draw(full, block.mass[at], draw)
        if returns is not None:
            _add_times(law, returns.added, times, features, draw)
        return times, features


def _same(ground: Ground, exposure: float) -> dict[str, Any]:
    """Return the fields that all windows under an exposure share."""
    return {
        "exposure": exposure,
        "segments": ground.segments,
        "outcomes": ground.outcomes,
        "reports": np.zeros((len(ground.segments), len(ARMS)), np.int64),
        "probes": np.zeros((len(ARMS), 2), np.int64),
        "slices": ground.spec.slices,
        "lag_s": ground.spec.feedback_s,
        "completeness": 1.0,
        "mixed": False,
        "assignment": "per_connection",
        "source": "",
    }


def _add_times(
    law: Handshakes, added: Added, times: Array, features: Array, draw: Generator
) -> None:
    """Add times and features of successful retries."""
    t, pool, arm = np.nonzero(added.ok)
    ok, at = added.ok[t, pool, arm], (t, law.segment[pool], arm)
    np.add.at(times, at, draw.multinomial(ok, law.times[pool, arm]))
    has = draw.binomial(ok[:, None], law.features[pool, arm])
    has[:, _RETRY] = ok
    np.add.at(features, at, has)
