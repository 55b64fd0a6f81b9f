"""Potential outcomes: what one attempt would give under both certificates, drawn before its arm.

The same uniform number decides under both certificates, with `ok` first, so that equal
distributions give equal outcomes: then only a difference between the certificates can harm.
"""

from itertools import pairwise
from typing import NamedTuple

from simcert.model import OK
from simcert.world.spec import Cohort, Encounter, Seen


class Pair(NamedTuple):
    """Outcome under the old and under the new certificate, with its probability."""

    old: str
    new: str
    probability: float

    @property
    def harms(self) -> bool:
        """Whether only the new certificate fails."""
        return self.old == OK and self.new != OK


def pairs(encounter: Encounter) -> tuple[Pair, ...]:
    """Return the joint distribution of both outcomes of a full handshake, background apart."""
    steps = sorted({0.0, *_steps(encounter.old), *_steps(encounter.new), 1.0})
    joint: dict[tuple[str, str], float] = {}
    for low, high in pairwise(steps):
        middle = (low + high) / 2.0
        key = (_at(encounter.old, middle), _at(encounter.new, middle))
        joint[key] = joint.get(key, 0.0) + high - low
    return tuple(Pair(old, new, share) for (old, new), share in joint.items())


def encounter_at(cohort: Cohort, t_s: float) -> Encounter:
    """Return the encounter in force; one that begins inside a slice counts from the next one."""
    begun = [one for one in cohort.encounters if one.from_s <= t_s + 1e-6]
    return begun[-1] if begun else cohort.encounters[0]


def _ordered(seen: Seen) -> list[tuple[str, float]]:
    return sorted(seen.outcomes, key=lambda o: (o[0] != OK, o[0]))


def _steps(seen: Seen) -> list[float]:
    total, steps = 0.0, []
    for _, share in _ordered(seen):
        total += share
        steps.append(min(round(total, 12), 1.0))
    return steps


def _at(seen: Seen, u: float) -> str:
    total = 0.0
    for name, share in _ordered(seen):
        total += share
        if u < total:
            return name
    return _ordered(seen)[-1][0]
