"""A bare world of independent units: what one slice shows, for many campaigns at once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
TABLE = 1 << 16


@dataclass(frozen=True)
class World:
    """Units per window, failure rates, and what goes wrong; one campaign is one row of arrays.

    The new certificate breaks a unit with probability `delta` (of all units, background failures
    aside, so that q1 = q0 + delta), a share `v` of these shows as trust alert. `broken` puts the
    break into one segment: "own" is a segment of share `broken_share` that fails outright,
    an int the rank of the segment in which that share of all units sits.
    """

    q0: float = 0.02
    units: int = 2000
    slices: int = 10
    windows: int = 600
    delta: float = 0.0
    v: float = 0.0
    alerts: float = 2e-4
    segments: int = 50
    broken: str | int | None = None
    broken_share: float = 0.001
    diurnal: float = 0.0
    period: float = 240.0
    phase: float = 0.0
    incident: tuple[int, int, float] | None = None  # from window, to window, failure rate
    lag_windows: int = 0
    skew: float = 1.0  # odds ratio between realised and intended exposure
    full_share: tuple[float, float] = (
        1.0,
        1.0,
    )  # old, new: share of units that shake hands in full
    chronic: float = 0.0  # share of units that always fail, in both arms
    late_windows: int | None = None  # the fault begins this long after top exposure

    @property
    def harm_rate(self) -> float:
        """Return the probability that the new certificate breaks a unit, once the fault is on."""
        return self.delta if self.broken is None else self.broken_share * (1.0 - self.q0)

    @cached_property
    def shares(self) -> Floats:
        """Return the segments' shares of units: Zipf, the broken own segment in the middle."""
        zipf = 1.0 / np.arange(1, self.segments + 1)
        if self.broken == "own":
            zipf = 1.0 / np.arange(1, self.segments)
            others = zipf / zipf.sum() * (1.0 - self.broken_share)
            return np.append(others, self.broken_share)
        return zipf / zipf.sum()

    @cached_property
    def table(self) -> npt.NDArray[np.uint8]:
        """Return segments in proportion to their shares, for one look-up per failure."""
        edges = np.round(np.cumsum(self.shares) * TABLE).astype(int)
        return np.repeat(np.arange(self.segments, dtype=np.uint8), np.diff(edges, prepend=0))

    @property
    def broken_segment(self) -> int | None:
        """Return the index of the segment that breaks, if one does."""
        if self.broken is None:
            return None
        return self.segments - 1 if self.broken == "own" else int(self.broken) - 1

    def background(self, window: int) -> float:
        """Return q0 in a window."""
        if self.incident and self.incident[0] <= window < self.incident[1]:
            return self.incident[2]
        wave = np.sin(2.0 * np.pi * (window / self.period) + self.phase)
        return float(self.q0 * (1.0 + self.diurnal * wave))


@dataclass(frozen=True)
class Slice:
    """Counts per campaign: units, failures, trust alerts of new and old arm; broken ones of new."""

    n1: Ints
    n0: Ints
    f1: Ints
    f0: Ints
    a1: Ints
    a0: Ints
    seg_f: tuple[Ints, Ints]  # flat (campaign, segment) of each failure: new, old
    seg_a: tuple[Ints, Ints]  # the same of each trust alert


def draw(
    world: World, rng: np.random.Generator, e: Floats, faulty: npt.NDArray[np.bool_], window: int
) -> Slice:
    """Draw one slice for every campaign; exact binomials."""
    size = world.units // world.slices
    q = world.background(window)
    share = e * world.skew / (1.0 - e + e * world.skew)
    n1 = rng.binomial(size, share)
    n0 = size - n1
    if world.full_share != (1.0, 1.0):
        n0, n1 = rng.binomial(n0, world.full_share[0]), rng.binomial(n1, world.full_share[1])
    q = q + world.chronic * (1.0 - q)
    b1, b0 = rng.binomial(n1, q), rng.binomial(n0, q)
    harm = np.where(faulty, world.harm_rate / (1.0 - q), 0.0)
    x1 = rng.binomial(n1 - b1, np.minimum(harm, 1.0))
    xa = rng.binomial(x1, world.v) if world.v else np.zeros_like(x1)
    ba, a0 = rng.binomial(b1, world.alerts / q), rng.binomial(b0, world.alerts / q)
    where = _Segments(world, rng, len(e))
    ba_at, a0_at = where.spread(ba), where.spread(a0)
    xa_at, x1_at = where.broken(xa), where.broken(x1 - xa)
    b1_at, b0_at = where.spread(b1 - ba), where.spread(b0 - a0)
    alerts1 = np.concatenate((ba_at, xa_at))
    failures1, failures0 = np.concatenate((b1_at, x1_at, alerts1)), np.concatenate((b0_at, a0_at))
    a1 = ba + xa
    return Slice(n1, n0, b1 + x1, b0, a1, a0, (failures1, failures0), (alerts1, a0_at))


@dataclass(frozen=True)
class _Segments:
    world: World
    rng: np.random.Generator
    campaigns: int

    def spread(self, counts: Ints) -> Ints:
        """Return a flat (campaign, segment) index for each of `counts` events."""
        runs = np.repeat(np.arange(self.campaigns), counts)
        at = self.rng.integers(0, TABLE, len(runs), dtype=np.uint16)
        return runs * self.world.segments + self.world.table[at]

    def broken(self, counts: Ints) -> Ints:
        """Return the indices of events that the new certificate caused."""
        if self.world.broken_segment is None:
            return self.spread(counts)
        runs = np.repeat(np.arange(self.campaigns), counts)
        return runs * self.world.segments + self.world.broken_segment
