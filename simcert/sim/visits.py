"""Visits: who comes in each slice, as units and as further full handshakes, before any exposure.

Law. The N clients of a pool visit independently, each as a Poisson process of full handshakes with
mass m in a slice. Of the F clients that the window has not seen yet, each shows up with
probability 1 - exp(-m): units U ~ Binomial(F, 1 - exp(-m)), and F falls by U until the window ends.
A client that shows up makes a zero-truncated Poisson(m) number of visits, the N - F others make
Poisson((N - F) m) in all; all visits beyond the U are extras. Both are exact for exchangeable
clients of finite number, and sum to Poisson(N m).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from simcert.sim.pools import Pool
from simcert.world.arrivals import seconds

OFTEN = 100.0  # visits of one client in a slice from which on they are drawn at once

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Visits:
    """First attempts per slice and pool: [T, P]; `resumed` per slice and segment: [T, S]."""

    units: Ints
    extras: Ints
    unseen: Ints  # clients that no visit of the window has shown before the slice
    resumed: Ints


def masses(pools: list[Pool], edges_s: Floats) -> Floats:
    """Return the expected first attempts per slice and pool, resumed ones included: [T, P]."""
    known = {pool.like.arrivals: seconds(pool.like.arrivals, edges_s) for pool in pools}
    return np.stack([pool.rate * known[pool.like.arrivals] for pool in pools], axis=1)


def visits(pools: list[Pool], segments: int, mass: Floats, slices: int, draw: Generator) -> Visits:
    """Draw whole windows of `slices` slices each, given the mass of first attempts [T, P]."""
    share = np.array([pool.like.resumption.share for pool in pools])
    clients = np.array([pool.clients for pool in pools], np.int64)
    resumable = np.zeros((len(mass), segments))
    for g, pool in enumerate(pools):
        resumable[:, pool.segment] += share[g] * mass[:, g]
    each = mass * ((1.0 - share) / clients)  # of one client
    units, unseen = _units(each, clients, slices, draw)
    seen_again = draw.poisson((clients - unseen) * each)
    return Visits(units, seen_again + _repeats(units, each, draw), unseen, draw.poisson(resumable))


def _units(each: Floats, clients: Ints, slices: int, draw: Generator) -> tuple[Ints, Ints]:
    shape = (-1, slices, len(clients))
    shows_up = -np.expm1(-each).reshape(shape)
    units = np.empty(shows_up.shape, np.int64)
    unseen = np.empty(shows_up.shape, np.int64)
    left = np.broadcast_to(clients, (len(units), len(clients))).copy()
    for i in range(slices):
        unseen[:, i] = left
        units[:, i] = draw.binomial(left, shows_up[:, i])
        left -= units[:, i]
    return units.reshape(each.shape), unseen.reshape(each.shape)


def _repeats(units: Ints, each: Floats, draw: Generator) -> Ints:
    """Sum of (visits - 1) over clients that show up, visit by visit.

    Who comes `OFTEN` on average shows up but for e^-100: then truncation changes nothing.
    """
    total = np.zeros_like(units)
    flat = total.reshape(-1)
    often = np.flatnonzero((units > 0) & (each > OFTEN))
    sure = units.ravel()[often]
    flat[often] = np.maximum(draw.poisson(sure * each.ravel()[often]) - sure, 0)
    at = np.flatnonzero((units > 0) & (each <= OFTEN))
    left, further = units.ravel()[at], _further(each.ravel()[at])
    for more in further:
        left = draw.binomial(left, more)
        if not left.any():
            break
        flat[at] += left
    return total


def _further(mean: Floats) -> list[Floats]:
    """Return P(N > j | N >= j) of a Poisson number, j = 1, 2, ... until hardly anybody is left.

    P(N >= j) = P(N = j) S_j with S_j = 1 + mean / (j + 1) S_(j + 1): positive terms alone, so the
    ratio 1 - 1 / S_j = mean / (j + 1) S_(j + 1) / S_j is exact however small the mean.
    """
    top = float(mean.max(initial=0.0))
    last = int(top + 12.0 * np.sqrt(top)) + 16  # some 1e-28 of the clients come oftener
    after, ratios = np.ones_like(mean), []
    for j in range(last, 0, -1):
        term = mean / (j + 1) * after
        after = 1.0 + term
        ratios.append(term / after)
    return ratios[::-1]
