"""Returns: what retries add to the slices of a piece, beside the visits that were drawn ahead.

A retry is a unit if neither a visit nor an earlier retry showed its client in this window. Chains
belong to clients drawn uniformly, as the visits that they began with: balls in urns. Where a slice
holds both a retry and a visit of a client, the retry counts as the first; the number of units is
the same either way, and later visits of clients that a retry has shown are no units any more.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from simcert.sim.ground import Ground
from simcert.sim.harmed import distinct_each
from simcert.sim.leaves import FAILS, GOOD, HARMS, leaves
from simcert.sim.parts import drawn_from, part_of, some_of
from simcert.sim.retries import Crossing, Waits, cross, waits_of
from simcert.sim.thinning import Piece

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Waiting:
    """State at the start of a slice: chains [R, stage, shown, harmed], clients shown early [R]."""

    chains: Ints
    early: Ints


@dataclass(slots=True)
class Added:
    """Attempts by retry: [T, S, arm, outcome]; `ok` [T, P, arm]; `harmed` [T]; `hits` [T, P]."""

    units: Ints
    attempts: Ints
    ok: Ints
    harmed: Ints
    hits: Ints


class Returns:
    """Chains of retries over one piece; `after` tells the state at any slice of it."""

    def __init__(
        self, ground: Ground, waits: Waits, piece: Piece, before: Waiting, draw: Generator
    ) -> None:
        self._ground, self._waits, self._piece, self._before = ground, waits, piece, before
        self._steps = piece.last - piece.first
        slices = ground.spec.slices
        self._window = (piece.first + np.arange(self._steps + 1)) // slices
        at = slice(piece.first - piece.block.first, piece.last - piece.block.first)
        outages = [share[at] for share in piece.block.outages]
        self._leaves = leaves(ground, piece.block.epoch, waits.pools, outages)
        self._share = self._leaves.at(piece.exposure)
        self._crossings: dict[int, Crossing] = {}
        self._early = np.zeros((self._steps + 1, len(waits.pools)), np.int64)
        shape = (self._steps, len(waits.pools))
        self._what = np.zeros((*shape, 3), np.int64)  # good, fails, harms
        self._unshown = np.zeros(shape, np.int64)
        self._hits = np.zeros(shape, np.int64)
        self._run(draw)
        self.added = self._placed(draw)

    def _run(self, draw: Generator) -> None:
        """Follow all chains, stage by stage: [kind, T, R, harmed]."""
        waits, piece = self._waits, self._piece
        first = np.stack([piece.failed[:, waits.pools], piece.hurt[:, waits.pools]], axis=-1)
        entered = part_of(first, waits.again[:, None], draw)[None]
        shape = (self._steps, len(waits.pools))
        for stage in range(1, waits.stages):
            if not (entered.any() or self._before.chains[:, stage:].any()):
                return
            ends = waits.ends[:, :stage, stage].T[:, None, :, None]
            now = part_of(entered, ends, draw)
            left = (entered - now).sum(axis=0)
            before, last = self._before.chains[:, stage], waits.ends[:, stage, stage]
            crossing = cross(left, before, self._window, last, draw)
            self._crossings[stage] = crossing
            apart = crossing.home != self._window[crossing.end]
            self._unshown += crossing.by_end(*shape, apart).sum(axis=-1)
            retried = np.concatenate([now, crossing.by_end(*shape)[None]])
            entered = self._failed(retried, stage + 1, draw)

    def _failed(self, retried: Ints, stage: int, draw: Generator) -> Ints:
        """Count what `retried` [kind, T, R, harmed] led to; return those that go on to `stage`."""
        fail, harm = (
            self._leaves.chance(FAILS, self._share),
            self._leaves.chance(HARMS, self._share),
        )
        onward = part_of(retried, fail[..., None], draw)
        self._what[..., FAILS] += onward.sum(axis=(0, 3))
        good = retried - onward
        if harm.any():
            harmed = part_of(good, _given(harm, 1.0 - fail)[..., None], draw)
            good -= harmed
            self._what[..., HARMS] += harmed.sum(axis=(0, 3))
            self._hits += harmed[..., 0].sum(axis=0)
            onward[..., 1] += harmed.sum(axis=-1)
        self._what[..., GOOD] += good.sum(axis=(0, 3))
        allowed = (stage < self._waits.limit)[:, None]
        return part_of(onward, self._waits.again[:, None] * allowed, draw)

    def _placed(self, draw: Generator) -> Added:
        """Put all retries where windows have them, and find the units among them."""
        ground, pools = self._ground, self._waits.pools
        shape = (len(ground.segments), 2, len(ground.outcomes))
        what = self._what.reshape(-1, 3)
        seen = some_of(what, self._units(draw).ravel(), draw).reshape(self._what.shape)
        counts = self._leaves.split(np.stack([seen, self._what - seen]), self._share, draw)
        units, others = self._leaves.sums(counts, shape)
        ok = np.zeros((self._steps, len(ground.pools), 2), np.int64)
        ok[:, pools] = self._leaves.ok(counts.sum(axis=0))
        hits = np.zeros((self._steps, len(ground.pools)), np.int64)
        hits[:, pools] = self._hits
        return Added(units, units + others, ok, self._what[..., HARMS].sum(axis=1), hits)

    def _units(self, draw: Generator) -> Ints:
        """Return the units among retries [T, R]; visits of clients shown early are demoted.

        Windows are independent, so slices of equal place in theirs are drawn together.
        """
        block, pools = self._piece.block, self._waits.pools
        clients = np.array([self._ground.pools[g].clients for g in pools.tolist()], np.int64)
        place, at = self._grid()
        low = self._piece.first - block.first
        unseen, visits, unshown = (np.zeros((*place, len(pools)), np.int64) for _ in range(3))
        unseen[:] = clients
        unseen[at] = block.unseen[low : low + self._steps, pools]
        visits[at] = block.units[low : low + self._steps, pools]
        unshown[at] = self._unshown
        shown, gone, began, ended = (np.zeros_like(unseen) for _ in range(4))
        early = np.zeros_like(unseen[:, 0])
        early[0] = self._before.early
        for i in range(place[1]):
            began[:, i] = early
            some = np.nonzero(unshown[:, i])
            if len(some[0]):
                left = unseen[:, i][some] - early[some]
                shown[:, i][some] = _new(unshown[:, i][some], left, clients[some[1]], draw)
                early = early + shown[:, i]
            some = np.nonzero((early > 0) & (visits[:, i] > 0))
            if len(some[0]):
                came, were = visits[:, i][some], early[some]  # symmetric in both; `were` are few
                gone[:, i][some] = drawn_from(came, unseen[:, i][some] - came, were, draw)
                early = early - gone[:, i]
            ended[:, i] = early
        self._early = np.concatenate([began[at], ended[at][-1:]])
        self._demote(gone[at], draw)
        found: Ints = shown[at]
        return found

    def _grid(self) -> tuple[tuple[int, int], tuple[Ints, Ints]]:
        """Return (windows, slices) of the piece, and where in this grid its slices are."""
        slices, number = self._ground.spec.slices, self._window[: self._steps]
        window = number - number[0]
        at = self._piece.first + np.arange(self._steps) - number * slices
        return (int(window[-1]) + 1, slices), (window, at)

    def _demote(self, gone: Ints, draw: Generator) -> None:
        """Take back `gone` [T, R] units that visits brought; background failures are left alone."""
        t, r = np.nonzero(gone)
        if not len(t):
            return
        layout, piece = self._piece.block.epoch.layout, self._piece
        certificate = [layout.certificate[g].columns for g in self._waits.pools.tolist()]
        table = np.full((len(certificate), max(map(len, certificate))), -1)
        for row, columns in zip(table, certificate, strict=True):
            row[: len(columns)] = columns
        at = table[r]
        here = (piece.shown[t[:, None], at] * (at >= 0)[..., None]).reshape(len(t), -1)
        taken = some_of(here, np.minimum(gone[t, r], here.sum(axis=1)), draw)
        flat = piece.units.reshape(self._steps, -1)
        np.subtract.at(flat, (t[:, None], layout.positions[at].reshape(len(t), -1)), taken)

    def after(self, i: int) -> Waiting:
        """Return the state at the start of slice `i` of the piece (T: at its end)."""
        chains = np.zeros_like(self._before.chains)
        window = self._window
        for stage, crossing in self._crossings.items():
            left = crossing.at((crossing.origin < i) & (crossing.end >= i))
            shown = (left.home == window[i]).astype(np.int64)
            np.add.at(chains[:, stage], (left.pool, shown, left.harmed), left.n)
        crossed = i > 0 and window[i] != window[i - 1]
        return Waiting(chains, 0 * self._early[i] if crossed else self._early[i])


def nobody(ground: Ground) -> tuple[Waits, Waiting]:
    """Return the laws of retries, and the state in which nobody waits."""
    waits = waits_of(ground.pools, ground.slice_s)
    chains = np.zeros((len(waits.pools), waits.stages, 2, 2), np.int64)
    return waits, Waiting(chains, np.zeros(len(waits.pools), np.int64))


def _new(n: Ints, left: Ints, clients: Ints, draw: Generator) -> Ints:
    """Return how many distinct clients out of `left` appear among `n` uniform ones."""
    left = np.maximum(left, 0)
    return distinct_each(draw.binomial(n, left / clients), left, draw)


def _given(share: Floats, of: Floats) -> Floats:
    """Return a share of a rest; where nothing is left of it, it does not matter."""
    given: Floats = np.minimum(share / np.maximum(of, 1e-300), 1.0)
    return given
