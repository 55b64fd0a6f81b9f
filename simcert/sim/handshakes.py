"""Handshakes: times and features of successful full ones, from the mixture of clients at work."""

from dataclasses import dataclass, field
from functools import cached_property
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
    _always: list["Laws"] = field(init=False, repr=False, compare=False, default_factory=list)

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
        laws = self._laws(mass)
        return laws.times_of(ok, draw), laws.features_of(ok, draw)

    def _laws(self, mass: Floats) -> "Laws":
        """Return what the pools at work make of successes; the same all along if it is steady."""
        if not self.steady:
            return self._mixed(mass)
        if not self._always:
            self._always.append(self._mixed(self.rate[None]))
        return self._always[0]

    def _mixed(self, mass: Floats) -> "Laws":
        weight = mass[:, :, None] * self.success  # [T or 1, P, arm]
        segments = int(self.segment.max()) + 1
        shares = np.zeros((len(mass), segments, 2, TIME_BINS))
        having = np.zeros((len(mass), segments, 2, len(FEATURES)))
        for s in range(segments):
            here = np.flatnonzero(self.segment == s)
            w = weight[:, here] / np.maximum(weight[:, here].sum(axis=1, keepdims=True), 1e-300)
            shares[:, s] = np.einsum("tpa,pab->tab", w, self.times[here])
            having[:, s] = np.einsum("tpa,paf->taf", w, self.features[here])
        return Laws(shares, np.minimum(having, 1.0))


class Laws:
    """Laws of times [T or 1, S, arm, bin] and of features [T or 1, S, arm, feature]."""

    def __init__(self, shares: Floats, having: Floats) -> None:
        self._shares, self._having = shares, having
        some = (having > 0.0) & (having < 1.0)
        self._sure, self._mixed = having >= 1.0, np.flatnonzero(some.any(axis=(0, 1, 2)))

    def features_of(self, ok: Ints, draw: Generator) -> Ints:
        """Draw only what some clients have and others have not."""
        has = np.where(self._sure, ok[..., None], 0)
        if len(self._mixed):
            has[..., self._mixed] = draw.binomial(ok[..., None], self._having[..., self._mixed])
        return has

    def times_of(self, ok: Ints, draw: Generator) -> Ints:
        """Draw each handshake, or each cell if there are many."""
        if ok.sum() > FEW * ok.size:
            return draw.multinomial(ok, self._whole)
        laws = self._shares.size // TIME_BINS
        cell = np.repeat(np.arange(ok.size), ok.ravel())
        law = cell % laws
        at = np.searchsorted(self._reach, law + draw.random(len(cell))) - law * TIME_BINS
        at = cell * TIME_BINS + np.minimum(at, TIME_BINS - 1)
        return np.bincount(at, minlength=ok.size * TIME_BINS).reshape(*ok.shape, TIME_BINS)

    @cached_property
    def _whole(self) -> Floats:
        """Shares that sum to 1; where nobody is, the first bin has all."""
        total = self._shares.sum(axis=-1, keepdims=True)
        impossible = np.broadcast_to(np.eye(TIME_BINS)[0], self._shares.shape).copy()
        whole: Floats = np.divide(self._shares, total, out=impossible, where=total > 0.0)
        return whole

    @cached_property
    def _reach(self) -> Floats:
        """Upper ends of the bins' shares, law after law: that of law i lies in [i, i + 1]."""
        reach = np.cumsum(self._shares.reshape(-1, TIME_BINS), axis=1)
        reach /= np.maximum(reach[:, -1:], 1e-300)
        reach += np.arange(len(reach))[:, None]
        return reach.ravel()


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
