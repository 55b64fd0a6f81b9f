"""Layout: where counts go during one epoch, in which all encounters stay the same.

A *column* is a set of attempts with one potential outcome under each certificate. Columns that
nobody has to tell apart are one; those in which a certificate fails, or opens another number of
connections, stay with their pool, because retries and harmed clients are followed there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simcert.model import NEW, OK, OLD
from simcert.sim.pools import Pool, encounter_of
from simcert.world.potential import Pair

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Key = tuple[int, str, str, int]  # segment, outcome under old and new, pool or -1


@dataclass(frozen=True, slots=True)
class Mixture:
    """Attempts of some pools fall into `columns` with probabilities `shares`."""

    pools: Ints
    shares: Floats
    columns: Ints


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns of an epoch; `positions` [column, arm] are flat ones of [segment, arm, outcome]."""

    columns: tuple[Key, ...]
    positions: Ints
    lost: tuple[Ints, ...]  # of each outage: column by segment
    background: tuple[Mixture, ...]
    certificate: tuple[Mixture, ...]
    harmful: Ints  # columns in which only the new certificate fails
    cured: Ints  # columns in which only the old one fails
    dead: Ints  # columns of a pool in which both fail
    sums: tuple[Ints, Ints, Ints]  # order of [arm, column], where a new position begins, which
    owner: Ints  # pool of a column, -1 if it has many
    parallel: Floats  # [pool]: connections beyond the first that any attempt opens, on average
    excess: Floats  # [pool, arm]: further ones, by the certificate served
    pairs: tuple[tuple[Pair, ...], ...]  # of each pool

    @property
    def uneven(self) -> bool:
        """Whether the certificate decides how many connections an attempt opens."""
        return bool(self.excess.any())


def layout_at(
    t_s: float,
    pools: Sequence[Pool],
    segments: int,
    outcomes: tuple[str, ...],
    outages: Sequence[str],
) -> Layout:
    """Return the layout of the epoch that `t_s` lies in; `outages` are the outcomes of faults."""
    number: dict[Key, int] = {}

    def column(*key: int | str) -> int:
        return number.setdefault(key, len(number))  # type: ignore[arg-type]

    joint = tuple(pool.pairs(t_s) for pool in pools)
    opened = _connections(pools, t_s)
    even = opened[:, OLD] == opened[:, NEW]
    lost = tuple(np.array([column(s, o, o, -1) for s in range(segments)]) for o in outages)
    background = _background(pools, column)
    certificate = tuple(
        _certificate(g, pool, joint[g], bool(even[g]), column) for g, pool in enumerate(pools)
    )
    columns = tuple(number)
    positions = np.array([_positions(key, outcomes) for key in columns])
    owned = [(old != OK, new != OK) if g >= 0 else None for _, old, new, g in columns]
    return Layout(
        columns=columns,
        positions=positions,
        sums=_sums(positions),
        lost=lost,
        background=background,
        certificate=certificate,
        harmful=_where(owned, (False, True)),
        cured=_where(owned, (True, False)),
        dead=_where(owned, (True, True)),
        owner=np.array([key[3] for key in columns], np.int64),
        parallel=opened.min(axis=1) - 1.0,
        excess=opened - opened.min(axis=1, keepdims=True),
        pairs=joint,
    )


def _certificate(
    g: int,
    pool: Pool,
    pairs: Sequence[Pair],
    even: bool,
    column: Callable[..., int],
) -> Mixture:
    """A pool's attempts by what becomes of them under each certificate."""
    return Mixture(
        np.array([g]),
        np.array([pair.probability for pair in pairs]),
        np.array([column(pool.segment, *pair[:2], _follow(g, pair, even)) for pair in pairs]),
    )


def _background(pools: Sequence[Pool], column: Callable[..., int]) -> tuple[Mixture, ...]:
    """Pools of a segment whose background looks the same share its columns."""
    alike: dict[tuple[int, tuple[tuple[str, float], ...]], list[int]] = {}
    for g, pool in enumerate(pools):
        if pool.like.background.rate > 0.0:
            alike.setdefault((pool.segment, pool.like.background.outcomes), []).append(g)
    return tuple(
        Mixture(
            np.array(members),
            np.array([share for _, share in seen]),
            np.array([column(segment, name, name, -1) for name, _ in seen]),
        )
        for (segment, seen), members in alike.items()
    )


def _connections(pools: Sequence[Pool], t_s: float) -> Floats:
    met = [encounter_of(pool, t_s, 0) for pool in pools]
    return np.array([[max(m.old.connections, 1.0), max(m.new.connections, 1.0)] for m in met])


def _follow(g: int, pair: Pair, even: bool) -> int:
    return g if pair.old != OK or pair.new != OK or not even else -1


def _positions(key: Key, outcomes: tuple[str, ...]) -> tuple[int, int]:
    segment, old, new, _ = key
    k = len(outcomes)
    base = segment * 2 * k
    return base + OLD * k + outcomes.index(old), base + NEW * k + outcomes.index(new)


def _sums(positions: Ints) -> tuple[Ints, Ints, Ints]:
    flat = positions.T.ravel()
    order = np.argsort(flat, kind="stable")
    at, starts = np.unique(flat[order], return_index=True)
    return order, starts, at


def _where(owned: list[tuple[bool, bool] | None], wanted: tuple[bool, bool]) -> Ints:
    return np.array([i for i, fails in enumerate(owned) if fails == wanted], np.int64)
