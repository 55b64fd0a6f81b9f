"""Population: the cohorts of a world, those that faults bring included."""

from simcert.world.faults._fault import Fault
from simcert.world.spec import Cohort, WorldSpec


def faults_of(spec: WorldSpec) -> tuple[Fault, ...]:
    """Return the faults of a world."""
    return tuple(one for one in spec.faults if isinstance(one, Fault))


def population(spec: WorldSpec) -> tuple[Cohort, ...]:
    """Return every cohort that comes to this world."""
    extra = (one.cohorts(spec.connections_per_s) for one in faults_of(spec))
    return (*spec.cohorts, *(cohort for cohorts in extra for cohort in cohorts))
