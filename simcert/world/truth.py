"""Ground truth at full exposure, weighted by connections; the incidents of a scenario apart."""

import numpy as np

from simcert.model import OK, Truth
from simcert.world.arrivals import seconds
from simcert.world.potential import encounter_at, pairs
from simcert.world.spec import Cohort, WorldSpec


def truth_of(spec: WorldSpec) -> Truth:
    """Return mean failure rate and its change over first full handshakes, and who is harmed.

    A client is harmed if in some encounter within the horizon only the new certificate fails.
    """
    rows = [_row(spec, cohort) for cohort in spec.cohorts]
    weights = np.array([row[0] for row in rows])
    total = float(weights.sum()) or 1.0
    failing, deltas = (np.array([row[i] for row in rows]) for i in (1, 2))
    clients = sum(cohort.clients for cohort in spec.cohorts)
    harmed = sum(c.clients for c, row in zip(spec.cohorts, rows, strict=True) if row[3])
    segments = {}
    for name in dict.fromkeys(cohort.segment for cohort in spec.cohorts):
        here = np.array([cohort.segment == name for cohort in spec.cohorts])
        segments[name] = float((weights * deltas)[here].sum() / (weights[here].sum() or 1.0))
    return Truth(
        failure_rate=float((weights * failing).sum() / total),
        delta=float((weights * deltas).sum() / total),
        harmed_share=harmed / max(clients, 1),
        segments=segments,
    )


def _row(spec: WorldSpec, cohort: Cohort) -> tuple[float, float, float, bool]:
    """Return full handshakes expected, failure rate, its change, and whether anybody is harmed."""
    starts = [min(max(one.from_s, 0.0), spec.horizon_s) for one in cohort.encounters]
    edges = np.array([0.0, *starts[1:], spec.horizon_s])
    first = (1.0 - cohort.resumption.share) * cohort.share * spec.connections_per_s
    mass = seconds(cohort.arrivals, edges) * first
    old = new = 0.0
    harms = False
    for expected, start_s in zip(mass.tolist(), edges[:-1].tolist(), strict=True):
        joint = pairs(encounter_at(cohort, start_s))
        old += expected * sum(one.probability for one in joint if one.old != OK)
        new += expected * sum(one.probability for one in joint if one.new != OK)
        harms = harms or (expected > 0.0 and any(one.harms for one in joint))
    weight = float(mass.sum())
    fails = 1.0 - cohort.background.rate
    scale = fails / weight if weight else 0.0
    return weight, cohort.background.rate + scale * old, scale * (new - old), harms
