"""Returns: what the retries of one slice add, beside the visits that were drawn ahead."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from simcert.model import NEW, OK
from simcert.sim.ground import Epoch, Ground
from simcert.sim.harmed import distinct
from simcert.sim.retries import Entries, Waiting

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Lost = tuple[tuple[float, ...], ...]  # extra failure probability of each outage, by segment


@dataclass(slots=True)
class Added:
    """Attempts by retry in one slice: [S, arm, O], and whom they harmed."""

    units: Ints
    attempts: Ints
    ok: Ints  # [P, arm] successes
    harmed: int = 0
    hits: dict[int, int] = field(default_factory=dict)  # by pool, chains harmed the first time


@dataclass(frozen=True, slots=True)
class Leaves:
    """All that a retry of each pool may lead to: [P, L], padded with probability 0."""

    share: Floats  # at exposure 0 and 1: [2, P, L]
    position: Ints  # flat [segment, arm, outcome]
    arm: Ints
    fails: npt.NDArray[np.bool_]
    harms: npt.NDArray[np.bool_]

    def at(self, exposure: float) -> Floats:
        """Return the probabilities under an exposure."""
        shares: Floats = (1.0 - exposure) * self.share[0] + exposure * self.share[1]
        return shares


class Returns:
    """Chains of retries, and the units among them, slice by slice."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._clients = np.array([pool.clients for pool in ground.pools], np.int64)
        self._shape = (len(ground.segments), 2, len(ground.outcomes))
        self._leaves: tuple[Epoch, Lost, Leaves] | None = None
        self.waiting = Waiting(ground.pools, ground.slice_s)
        self.early = np.zeros(len(ground.pools), np.int64)  # shown by a retry before any visit

    @property
    def none(self) -> bool:
        """Whether no cohort retries."""
        return not self.waiting.again.any()

    def open_window(self) -> None:
        """Forget whom the last window has seen."""
        self.waiting.open_window()
        self.early[:] = 0

    def demoted(self, units: Ints, unseen: Ints, draw: Generator) -> Ints:
        """Return how many visits [P] are no units, for an earlier retry showed their client."""
        if not self.early.any():
            return np.zeros_like(units)
        early = np.minimum(self.early, unseen)
        gone = draw.hypergeometric(early, unseen - early, np.minimum(units, unseen))
        self.early -= gone
        return gone

    def step(
        self,
        epoch: Epoch,
        lost: Lost,
        failed: Ints,
        hurt: Ints,
        unseen: Ints,
        exposure: float,
        draw: Generator,
    ) -> Added | None:
        """Let the chains of one slice run; `failed`, `hurt` and `unseen` are of its visits: [P]."""
        if self.waiting.idle and not (failed.any() or hurt.any()):
            return None
        leaves = self._leaves_of(epoch, lost)
        shares = leaves.at(exposure)
        added = Added(
            np.zeros(self._shape, np.int64),
            np.zeros(self._shape, np.int64),
            np.zeros((len(failed), 2), np.int64),
        )
        chains = self.waiting.enter(failed, hurt, draw)
        while len(chains.n):
            chains = self.waiting.fire(chains, draw)
            chains = self._retried(chains, leaves, shares, unseen, added, draw)
            chains = self.waiting.next(chains, draw)
        return added

    def _retried(
        self,
        chains: Entries,
        leaves: Leaves,
        shares: Floats,
        unseen: Ints,
        added: Added,
        draw: Generator,
    ) -> Entries:
        """Count what the chains' retries lead to; return those that failed, by harm."""
        g = chains.pool
        shown = self._shown(chains, unseen, draw)
        first = draw.multinomial(shown, shares[g])
        again = draw.multinomial(chains.n - shown, shares[g])
        both = first + again
        np.add.at(added.units.reshape(-1), leaves.position[g], first)
        np.add.at(added.attempts.reshape(-1), leaves.position[g], both)
        good = np.where(leaves.fails[g], 0, both)
        for arm in (0, 1):
            np.add.at(added.ok[:, arm], g, np.where(leaves.arm[g] == arm, good, 0).sum(axis=1))
        harmed = np.where(leaves.harms[g], both, 0).sum(axis=1)
        added.harmed += int(harmed.sum())
        for pool, n, before in zip(
            g.tolist(), harmed.tolist(), chains.harmed.tolist(), strict=True
        ):
            if n and not before:
                added.hits[pool] = added.hits.get(pool, 0) + n
        failed = np.where(leaves.fails[g], both, 0).sum(axis=1) - harmed
        return _split_by_harm(chains, failed, harmed)

    def _shown(self, chains: Entries, unseen: Ints, draw: Generator) -> Ints:
        """Return how many of the retries are units: their clients were not seen in this window.

        Chains belong to clients drawn uniformly, as the visits that they began with: balls in urns.
        """
        shown = np.zeros_like(chains.n)
        for i in np.flatnonzero(chains.shown == 0).tolist():
            g = int(chains.pool[i])
            left = max(int(unseen[g] - self.early[g]), 0)
            hits = int(draw.binomial(chains.n[i], left / self._clients[g]))
            shown[i] = distinct(hits, left, draw)
            self.early[g] += shown[i]
        return shown

    def _leaves_of(self, epoch: Epoch, lost: Lost) -> Leaves:
        known = self._leaves
        if known is None or known[0] is not epoch or known[1] != lost:
            known = self._leaves = (epoch, lost, leaves(self._ground, epoch, lost))
        return known[2]


def _split_by_harm(chains: Entries, failed: Ints, harmed: Ints) -> Entries:
    """A chain that failed goes on as it was, or as a harmed one."""
    columns = [np.concatenate([column, column]) for column in chains.columns()]
    columns[4] = np.concatenate([chains.harmed, np.ones_like(chains.harmed)])
    columns[5] = np.concatenate([failed, harmed])
    return Entries(*columns).where(columns[5] > 0)


def leaves(ground: Ground, epoch: Epoch, lost: Lost = ()) -> Leaves:
    """Return the leaves of every pool in an epoch, under the outages of a slice."""
    rows = [_row(ground, epoch, g, lost) for g in range(len(ground.pools))]
    width = max(len(row) for row in rows)
    nothing = (0.0, 0.0, 0, 0, False, False)
    table = [[*row, *[nothing] * (width - len(row))] for row in rows]
    column = [np.array([[leaf[i] for leaf in row] for row in table]) for i in range(6)]
    share = np.stack([column[0], column[1]]).astype(np.float64)
    return Leaves(share, column[2], column[3], column[4].astype(bool), column[5].astype(bool))


def _row(
    ground: Ground, epoch: Epoch, g: int, lost: Lost
) -> list[tuple[float, float, int, int, bool, bool]]:
    """Return (share at exposure 0, at 1, position, arm, fails, harms) of a pool's leaves."""
    pool, k = ground.pools[g], len(ground.outcomes)
    base = pool.segment * 2 * k
    rows: list[tuple[float, float, int, int, bool, bool]] = []
    common, reached = _common(ground, g, lost)
    for arm in (0, 1):
        joint = [(name, share, False) for name, share in common]
        for pair in epoch.layout.pairs[g]:
            seen = pair.new if arm == NEW else pair.old
            joint.append((seen, reached * pair.probability, arm == NEW and pair.harms))
        for name, share, harms in joint:
            at = base + arm * k + ground.outcomes.index(name)
            rows.append(((1.0 - arm) * share, arm * share, at, arm, name != OK, harms))
    return rows


def _common(ground: Ground, g: int, lost: Lost) -> tuple[list[tuple[str, float]], float]:
    """Return what fails whatever is served, and the share that the certificate decides about."""
    pool, reached, common = ground.pools[g], 1.0, []
    for fault, shares in zip(ground.outages, lost, strict=False):
        common.append((fault.seen_as, reached * shares[pool.segment]))
        reached *= 1.0 - shares[pool.segment]
    background = pool.like.background
    if background.rate > 0.0:
        common += [(name, reached * background.rate * share) for name, share in background.outcomes]
    return common, reached * (1.0 - background.rate)
