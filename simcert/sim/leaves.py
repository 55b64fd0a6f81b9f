"""Leaves: all that a retry of each pool may lead to, and how likely, under one exposure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from simcert.model import NEW, OK
from simcert.sim.ground import Epoch, Ground
from simcert.sim.retries import waits_of

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

Leaf = tuple[float, float, int, int, int]  # share at exposure 0, at 1, position, arm, what
GOOD, FAILS, HARMS = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Leaves:
    """`share` [exposure 0 or 1, T or 1, R, L], padded with 0; the others [R, L] hold all along.

    `position` is a flat one of [segment, arm, outcome]; `what` is GOOD, FAILS or HARMS.
    """

    share: Floats
    position: Ints
    arm: Ints
    what: Ints

    def at(self, exposure: float) -> Floats:
        """Return the probabilities under an exposure: [T or 1, R, L]."""
        shares: Floats = (1.0 - exposure) * self.share[0] + exposure * self.share[1]
        return shares

    def chance(self, what: int, share: Floats) -> Floats:
        """Return the probability that a retry ends as `what`: [T or 1, R]."""
        chance: Floats = np.where(self.what == what, share, 0.0).sum(axis=-1)
        return np.minimum(chance, 1.0)  # sums of shares are rounded

    def split(self, n: Ints, share: Floats, draw: Generator) -> Ints:
        """Return what became of `n` retries [2, T, R, what] by leaf: [2, T, R, L]."""
        counts = np.zeros((*n.shape[:-1], self.what.shape[1]), np.int64)
        for what in (GOOD, FAILS, HARMS):
            leaf = np.flatnonzero((self.what == what).any(axis=0))
            if not n[..., what].any():
                continue
            part = np.where(self.what[:, leaf] == what, share[..., leaf], 0.0)
            total = part.sum(axis=-1, keepdims=True)
            part[..., :1] += total <= 0.0  # nobody is there to be split
            part /= part.sum(axis=-1, keepdims=True)
            counts[..., leaf] += draw.multinomial(n[..., what], part)
        return counts

    def sums(self, counts: Ints, shape: tuple[int, ...]) -> Ints:
        """Return counts by leaf [2, T, R, L] where windows have them: [2, T, *shape]."""
        flat = self.position.ravel()
        rows = counts.reshape(-1, len(flat))
        some = np.flatnonzero(rows.any(axis=0))
        total = np.zeros((len(rows), int(np.prod(shape))), np.int64)
        if len(some):
            order = some[np.argsort(flat[some], kind="stable")]
            at, starts = np.unique(flat[order], return_index=True)
            total[:, at] = np.add.reduceat(rows[:, order], starts, axis=1)
        return total.reshape(*counts.shape[:2], *shape)

    def ok(self, counts: Ints) -> Ints:
        """Return the good ones of counts by leaf [T, R, L] by arm: [T, R, 2]."""
        good = self.what == GOOD
        some = np.flatnonzero(good.any(axis=0) & counts.any(axis=(0, 1)))
        here, arm = counts[..., some] * good[:, some], self.arm[:, some]
        new = (here * arm).sum(axis=-1)
        return np.stack([here.sum(axis=-1) - new, new], axis=-1)


def leaves(ground: Ground, epoch: Epoch, pools: Ints, outages: list[Floats]) -> Leaves:
    """Return the leaves of `pools` in slices of an epoch, given the outages [T, S] of these."""
    if not any(share.any() for share in outages):
        return _calm(ground, epoch)
    return _leaves(ground, epoch, pools, outages)


def _calm(ground: Ground, epoch: Epoch) -> Leaves:
    """Return the leaves without outages; the same for a whole epoch, so prepared once."""
    known = _CALM.get(id(epoch))
    if known is None or known[0] is not epoch:
        at = waits_of(ground.pools, ground.slice_s).pools
        none = [np.zeros((1, len(ground.segments))) for _ in ground.outages]
        if len(_CALM) > 64:
            _CALM.clear()
        known = _CALM[id(epoch)] = (epoch, _leaves(ground, epoch, at, none))
    return known[1]


_CALM: dict[int, tuple[Epoch, Leaves]] = {}


def _leaves(ground: Ground, epoch: Epoch, pools: Ints, outages: list[Floats]) -> Leaves:
    steps = len(outages[0]) if outages else 1
    tables = [_table(ground, epoch, pools, [o[t] for o in outages]) for t in range(steps)]
    share = np.stack([table[:, :, :2] for table in tables])
    fixed = tables[0][:, :, 2:].astype(np.int64)
    return Leaves(np.moveaxis(share, -1, 0), fixed[:, :, 0], fixed[:, :, 1], fixed[:, :, 2])


def _table(ground: Ground, epoch: Epoch, pools: Ints, lost: list[Floats]) -> Floats:
    rows = [_row(ground, epoch, g, lost) for g in pools.tolist()]
    width = max(len(row) for row in rows)
    return np.array([[*row, *[(0.0, 0.0, 0, 0, GOOD)] * (width - len(row))] for row in rows])


def _row(ground: Ground, epoch: Epoch, g: int, lost: list[Floats]) -> list[Leaf]:
    pool, k = ground.pools[g], len(ground.outcomes)
    base = pool.segment * 2 * k
    rows: list[Leaf] = []
    common, reached = _common(ground, g, lost)
    for arm in (0, 1):
        joint = [(name, share, False) for name, share in common]
        for pair in epoch.layout.pairs[g]:
            seen = pair.new if arm == NEW else pair.old
            joint.append((seen, reached * pair.probability, arm == NEW and pair.harms))
        for name, share, harms in joint:
            at = base + arm * k + ground.outcomes.index(name)
            what = HARMS if harms else (FAILS if name != OK else GOOD)
            rows.append(((1.0 - arm) * share, arm * share, at, arm, what))
    return rows


def _common(ground: Ground, g: int, lost: list[Floats]) -> tuple[list[tuple[str, float]], float]:
    """Return what fails whatever is served, and the share that the certificate decides about."""
    pool, reached, common = ground.pools[g], 1.0, []
    for fault, shares in zip(ground.outages, lost, strict=True):
        common.append((fault.seen_as, reached * float(shares[pool.segment])))
        reached *= 1.0 - float(shares[pool.segment])
    background = pool.like.background
    if background.rate > 0.0:
        common += [(name, reached * background.rate * share) for name, share in background.outcomes]
    return common, reached * (1.0 - background.rate)
