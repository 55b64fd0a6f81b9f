"""Ground: all of a world that does not depend on seed or policy, prepared once per process."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from simcert.model import OK
from simcert.sim.handshakes import Handshakes
from simcert.sim.layout import Layout, layout_at
from simcert.sim.pools import Pool, epochs_s, pools, segments_of
from simcert.world.faults._fault import Fault
from simcert.world.population import faults_of, population
from simcert.world.spec import WorldSpec

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Epoch:
    """Slices from `first` on, until the next epoch, in which no encounter changes."""

    first: int
    layout: Layout
    handshakes: Handshakes


@dataclass(frozen=True, slots=True)
class Ground:
    """Names, pools, faults and epochs of a world; `steps` slices of `slice_s` fill its horizon."""

    spec: WorldSpec
    segments: tuple[str, ...]
    outcomes: tuple[str, ...]
    pools: list[Pool]
    outages: tuple[Fault, ...]
    epochs: tuple[Epoch, ...]
    slice_s: float
    steps: int

    def edges_s(self, first: int, last: int) -> Floats:
        """Return the edges of slices first .. last - 1."""
        edges: Floats = np.arange(first, last + 1) * self.spec.window_s / self.spec.slices
        return edges

    def epoch_of(self, step: int) -> Epoch:
        """Return the epoch of a slice."""
        return [one for one in self.epochs if one.first <= step][-1]

    def outages_in(self, edges_s: Floats) -> list[Floats]:
        """Return the extra failure probabilities of each outage: [T, S]."""
        found = (one.failures(edges_s, self.segments) for one in self.outages)
        return [share for share in found if share is not None]


@lru_cache(maxsize=4)
def ground_of(spec: WorldSpec) -> Ground:
    """Return the ground of a world."""
    members, segments = pools(spec), segments_of(spec)
    edge = np.array([0.0, spec.horizon_s])
    outages = tuple(f for f in faults_of(spec) if f.failures(edge, segments) is not None)
    seen_as = [one.seen_as for one in outages]
    outcomes = outcomes_of(spec, seen_as)
    slice_s = spec.window_s / spec.slices
    begins = [0.0, *epochs_s(spec)]
    firsts = [int(np.ceil(t / slice_s - 1e-9)) for t in begins]
    epochs = tuple(
        Epoch(
            first,
            layout_at(t_s, members, len(segments), outcomes, seen_as),
            Handshakes.at(members, t_s),
        )
        for first, t_s in zip(firsts, begins, strict=True)
    )
    steps = int(np.ceil(spec.horizon_s / slice_s - 1e-9))
    return Ground(spec, segments, outcomes, members, outages, epochs, slice_s, steps)


def outcomes_of(spec: WorldSpec, seen_as: list[str]) -> tuple[str, ...]:
    """Return every outcome that this world can show, `ok` first."""
    names = dict.fromkeys([OK, *seen_as])
    for cohort in population(spec):
        if cohort.background.rate > 0.0:
            names |= dict.fromkeys(name for name, _ in cohort.background.outcomes)
        for met in cohort.encounters:
            for seen in (met.old, met.new):
                names |= dict.fromkeys(name for name, _ in seen.outcomes)
    return tuple(names)
