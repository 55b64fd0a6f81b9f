"""Pools: cohorts that no law can tell apart are drawn as one, by superposition.

A sum of independent Poisson processes is one, so cohorts of one segment with equal outcomes,
background, retries, resumption, arrivals and connections need one draw, not many. Their clients
are exchangeable too if each comes as often as the next: rates per client must agree up to the
rounding of clients to whole ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from simcert.world.population import population
from simcert.world.potential import Pair, encounter_at, pairs
from simcert.world.spec import Cohort, Encounter, Seen, WorldSpec


@dataclass(frozen=True, slots=True)
class Pool:
    """Exchangeable clients: `rate` first attempts a second come from `clients` of them."""

    segment: int
    members: tuple[Cohort, ...]
    rate: float
    clients: int

    @property
    def like(self) -> Cohort:
        """Return a cohort that has everything which the members share."""
        return self.members[0]

    def weights(self) -> list[float]:
        """Return the members' shares of the pool's attempts; equal ones where nobody comes."""
        total = sum(one.share for one in self.members)
        return [one.share / total if total else 1.0 / len(self.members) for one in self.members]

    def pairs(self, t_s: float) -> tuple[Pair, ...]:
        """Return the potential outcomes of a full handshake that begins at `t_s`."""
        return pairs(encounter_at(self.like, t_s))


def segments_of(spec: WorldSpec) -> tuple[str, ...]:
    """Return the names of the segments, in order of appearance."""
    return tuple(dict.fromkeys(one.segment for one in population(spec)))


def pools(spec: WorldSpec) -> list[Pool]:
    """Return the pools of a world."""
    segments = segments_of(spec)
    alike: dict[object, list[Cohort]] = {}
    for cohort in population(spec):
        alike.setdefault(_key(cohort), []).append(cohort)
    return [
        _pool(spec, segments.index(members[0].segment), members)
        for cohorts in alike.values()
        for members in _equally_active(cohorts)
    ]


def _pool(spec: WorldSpec, segment: int, members: Sequence[Cohort]) -> Pool:
    rate = spec.connections_per_s * sum(one.share for one in members)
    return Pool(segment, tuple(members), rate, sum(one.clients for one in members))


def _key(cohort: Cohort) -> object:
    met = tuple((one.from_s, *map(_visible, (one.old, one.new))) for one in cohort.encounters)
    habits = (cohort.arrivals, cohort.background, cohort.resumption, cohort.retry, cohort.reports)
    return (cohort.segment, met, habits)


def _visible(seen: Seen) -> object:
    return (seen.outcomes, seen.connections, seen.answers_after_s)


def _equally_active(cohorts: Sequence[Cohort]) -> list[list[Cohort]]:
    """Split cohorts whose clients do not all come equally often."""
    groups: list[list[Cohort]] = []
    for one in sorted(cohorts, key=lambda c: -c.clients):
        for group in groups:
            most = group[0]
            if abs(one.clients - most.clients * one.share / (most.share or 1.0)) <= 1.0:
                group.append(one)
                break
        else:
            groups.append([one])
    return groups


def epochs_s(spec: WorldSpec) -> list[float]:
    """Return every moment within the horizon at which some encounter changes."""
    begins = {e.from_s for one in population(spec) for e in one.encounters}
    return sorted(t for t in begins if 0.0 < t < spec.horizon_s)


def encounter_of(pool: Pool, t_s: float, member: int) -> Encounter:
    """Return what a member of the pool meets at `t_s`."""
    return encounter_at(pool.members[member], t_s)
