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
        entered = _part(first, waits.again[:, None], draw)[None]
        for stage in range(1, waits.stages):
            if not (entered.any() or self._before.chains[:, stage:].any()):
                return
            ends = waits.ends[:, :stage, stage].T[:, None, :, None]
            now = _part(entered, ends, draw)
            left = (entered - now).sum(axis=0)
            before, last = self._before.chains[:, stage], waits.ends[:, stage, stage]
            crossing = cross(left, before, self._window, last, draw)
            self._crossings[stage] = crossing
            apart = crossing.at(crossing.home != self._window[crossing.end])
            shape = (self._steps, len(waits.pools))
            self._unshown += apart.by_end(*shape).sum(axis=-1)
            retried = np.concatenate([now, crossing.by_end(*shape)[None]])
            entered = self._failed(retried, stage + 1, draw)

    def _failed(self, retried: Ints, stage: int, draw: Generator) -> Ints:
        """Count what `retried` [kind, T, R, harmed] led to; return those that go on to `stage`."""
        kind, t, r, h = np.nonzero(retried)
        harm, fail = (self._chance(what)[t * (len(self._share) > 1), r] for what in (HARMS, FAILS))
        n = retried[kind, t, r, h]
        harmed = draw.binomial(n, harm)
        failed = draw.binomial(n - harmed, np.minimum(fail / np.maximum(1.0 - harm, 1e-300), 1.0))
        for what, part in ((GOOD, n - harmed - failed), (FAILS, failed), (HARMS, harmed)):
            np.add.at(self._what[..., what], (t, r), part)
        first = np.flatnonzero(harmed * (h == 0))
        np.add.at(self._hits, (t[first], r[first]), harmed[first])
        onward = np.zeros_like(retried)
        np.add.at(onward, (kind, t, r, h), failed)
        np.add.at(onward[..., 1], (kind, t, r), harmed)
        allowed = (stage < self._waits.limit)[:, None]
        return _part(onward, self._waits.again[:, None] * allowed, draw)

    def _chance(self, what: int) -> Floats:
        """Return the probability that a retry ends as `what`: [T or 1, R]."""
        chance: Floats = np.where(self._leaves.what == what, self._share, 0.0).sum(axis=-1)
        return chance

    def _placed(self, draw: Generator) -> Added:
        """Put all retries where windows have them, and find the units among them."""
        ground, at = self._ground, self._waits.pools
        steps, k = self._steps, len(ground.outcomes)
        shape = (steps, len(ground.segments), 2, k)
        size = shape[1] * shape[2] * shape[3]
        attempts, units = np.zeros((steps, size), np.int64), np.zeros((steps, size), np.int64)
        ok = np.zeros((steps, len(ground.pools), 2), np.int64)
        hits = np.zeros((steps, len(ground.pools)), np.int64)
        hits[:, at] = self._hits
        shown = self._units(draw)
        t, r = np.nonzero(self._what.any(axis=-1))
        what, new = self._what[t, r], shown[t, r]
        seen = _some_of(what, new, draw)
        among = self._by_leaf(t, r, seen, draw)
        counts = among + self._by_leaf(t, r, what - seen, draw)
        here = (t[:, None], self._leaves.position[r])
        np.add.at(attempts, here, counts)
        np.add.at(units, here, among)
        good = counts * (self._leaves.what[r] == GOOD)
        for arm in (0, 1):
            np.add.at(ok[..., arm], (t, at[r]), (good * (self._leaves.arm[r] == arm)).sum(axis=1))
        harmed = self._what[..., HARMS].sum(axis=1)
        return Added(units.reshape(shape), attempts.reshape(shape), ok, harmed, hits)

    def _by_leaf(self, t: Ints, r: Ints, retried: Ints, draw: Generator) -> Ints:
        """Return retries [row, what] of pools r in slices t by leaf."""
        counts = np.zeros((len(t), self._share.shape[-1]), np.int64)
        for what in (GOOD, FAILS, HARMS):
            some = np.flatnonzero(retried[:, what])
            share = np.broadcast_to(self._share, (self._steps, *self._share.shape[1:]))
            part = share[t[some], r[some]] * (self._leaves.what[r[some]] == what)
            part /= part.sum(axis=1, keepdims=True)
            counts[some] += draw.multinomial(retried[some, what], part)
        return counts

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
            some = np.nonzero(early * visits[:, i])
            if len(some[0]):
                came = visits[:, i][
                    some
                ]  # symmetric in who came and who is early, and those are few
                gone[:, i][some] = draw.hypergeometric(came, unseen[:, i][some] - came, early[some])
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
        taken = _some_of(here, np.minimum(gone[t, r], here.sum(axis=1)), draw)
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


def _part(n: Ints, share: Floats, draw: Generator) -> Ints:
    """Return a binomial part of each cell, where there is anybody."""
    part, some = np.zeros_like(n), np.nonzero(n)
    part[some] = draw.binomial(n[some], np.broadcast_to(share, n.shape)[some])
    return part


def _new(n: Ints, left: Ints, clients: Ints, draw: Generator) -> Ints:
    """Return how many distinct clients out of `left` appear among `n` uniform ones."""
    left = np.maximum(left, 0)
    return distinct_each(draw.binomial(n, left / clients), left, draw)


def _some_of(counts: Ints, n: Ints, draw: Generator) -> Ints:
    """Choose `n` of the items of each row, whichever: multivariate hypergeometric, by column."""
    left = counts.sum(axis=1)
    chosen = np.where((n == left)[:, None], counts, 0)
    rows = np.flatnonzero((n > 0) & (n < left))
    left, wanted, here = left[rows], n[rows], counts[rows]
    columns = np.flatnonzero(here.any(axis=0)).tolist()
    for column in columns[:-1]:
        left = left - here[:, column]
        chosen[rows, column] = got = draw.hypergeometric(here[:, column], left, wanted)
        wanted = wanted - got
    if columns:
        chosen[rows, columns[-1]] = wanted
    return chosen
