"""Handshakes: times and features of successful full ones, from the mixture of clients at work."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from simcert.model import FEATURES, OK
from simcert.model.window import TIME_BINS
from simcert.sim.pools import Pool, encounter_of
from simcert.world.network import bin_shares
from simcert.world.spec import Seen

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FEW = 40  # handshakes a cell up to which drawing each one is cheaper than a multinomial
_ECDSA = FEATURES.index("ecdsa")


@dataclass(frozen=True, slots=True)
class Handshakes:
    """What successful handshakes of each pool look like: `times` [P, arm, bin] and `features`.

    The last axis of `features` [P, arm, feature] holds probabilities; `success` [P, arm] is the
    mean number of successful full handshakes per first attempt of the pool, `rate` [P] that of
    first attempts.
    """

    segment: Ints
    times: Floats
    features: Floats
    success: Floats
    rate: Floats
    steady: bool  # within a segment all pools wax and wane together

    @classmethod
    def at(cls, pools: list[Pool], t_s: float) -> Self:
        """Return the laws of the epoch that `t_s` lies in."""
        law = [[_law(pool, t_s, arm) for arm in (0, 1)] for pool in pools]
        waves = {(pool.segment, pool.like.arrivals) for pool in pools}
        return cls(
            segment=np.array([pool.segment for pool in pools]),
            times=np.array([[arm[0] for arm in arms] for arms in law]),
            features=np.array([[arm[1] for arm in arms] for arms in law]),
            success=np.array([[arm[2] for arm in arms] for arms in law]),
            rate=np.array([pool.rate for pool in pools]),
            steady=len(waves) == len({pool.segment for pool in pools}),
        )

    def draw(self, ok: Ints, mass: Floats, draw: Generator) -> tuple[Ints, Ints]:
        """Return (time_hist, features) of `ok` [T, S, arm] successes, given pool masses [T, P]."""
        mass = self.rate[None] if self.steady else mass
        weight = mass[:, :, None] * self.success  # [T or 1, P, arm]
        shares = np.zeros((len(mass), *ok.shape[1:], TIME_BINS))
        having = np.zeros((len(mass), *ok.shape[1:], len(FEATURES)))
        for s in range(ok.shape[1]):
            here = np.flatnonzero(self.segment == s)
            w = weight[:, here] / np.maximum(weight[:, here].sum(axis=1, keepdims=True), 1e-300)
            shares[:, s] = np.einsum("tpa,pab->tab", w, self.times[here])
            having[:, s] = np.einsum("tpa,paf->taf", w, self.features[here])
        return _times(ok, shares, draw), _features(ok, np.minimum(having, 1.0), draw)


def _law(pool: Pool, t_s: float, arm: int) -> tuple[Floats, Floats, float]:
    times, features, success = np.zeros(TIME_BINS), np.zeros(len(FEATURES)), 0.0
    full = (1.0 - pool.like.resumption.share) * (1.0 - pool.like.background.rate)
    for i, weight in enumerate(pool.weights()):
        met = encounter_of(pool, t_s, i)
        seen = met.new if arm else met.old
        times += weight * bin_shares(pool.members[i].network, seen)
        features += weight * feature_shares(pool.members[i].features, seen)
        success += weight * full * dict(seen.outcomes).get(OK, 0.0) * max(seen.connections, 1.0)
    return times / times.sum(), np.minimum(features, 1.0), success


def feature_shares(told: tuple[tuple[str, float], ...], seen: Seen) -> Floats:
    """Return the share of successful full handshakes that have each of `FEATURES`."""
    shares = np.zeros(len(FEATURES))
    for name, share in told:
        shares[FEATURES.index(name)] = share
    shares[_ECDSA] = float(seen.ecdsa)
    return shares


def _features(ok: Ints, having: Floats, draw: Generator) -> Ints:
    """Draw only what some clients have and others have not."""
    has = np.where(having >= 1.0, ok[..., None], 0)
    some = np.flatnonzero(((having > 0.0) & (having < 1.0)).any(axis=(0, 1, 2)))
    if len(some):
        has[..., some] = draw.binomial(ok[..., None], having[..., some])
    return has


def _times(ok: Ints, shares: Floats, draw: Generator) -> Ints:
    """Draw each handshake, or each cell if there are many; `shares` [T or 1, S, arm, bin]."""
    if ok.sum() > FEW * ok.size:
        total = shares.sum(axis=-1, keepdims=True)
        impossible = np.broadcast_to(np.eye(TIME_BINS)[0], shares.shape).copy()
        return draw.multinomial(ok, np.divide(shares, total, out=impossible, where=total > 0.0))
    laws = shares.size // TIME_BINS
    reach = np.cumsum(shares.reshape(laws, TIME_BINS), axis=1)
    reach /= np.maximum(reach[:, -1:], 1e-300)
    reach += np.arange(laws)[:, None]
    cell = np.repeat(np.arange(ok.size), ok.ravel())
    law = cell % laws
    at = np.searchsorted(reach.ravel(), law + draw.random(len(cell))) - law * TIME_BINS
    at = cell * TIME_BINS + np.minimum(at, TIME_BINS - 1)
    return np.bincount(at, minlength=ok.size * TIME_BINS).reshape(*ok.shape, TIME_BINS)
