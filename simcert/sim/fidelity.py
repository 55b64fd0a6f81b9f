"""Fidelity: which features of a world have no law in cells of counts."""

from simcert.world.population import faults_of, population
from simcert.world.spec import Cohort, Seen, WorldSpec

FIDELITIES = ("counts", "records")


def refusals(spec: WorldSpec) -> tuple[str, ...]:
    """Return the features for which `counts` has no law, in words; empty if it may be used."""
    cohorts = population(spec)
    found = {
        f"assignment {spec.assignment}": spec.assignment != "per_connection",
        "tickets followed client by client (ticket_life_s)": any(
            one.resumption.ticket_life_s is not None for one in cohorts
        ),
        "tickets that the other arm refuses (tickets_shared)": not spec.tickets_shared,
        "rotation of ticket keys": spec.ticket_key_rotation_s is not None
        or any(fault.rotations_s() for fault in faults_of(spec)),
        "NAT-like clients (activity_sigma)": any(one.activity_sigma > 0.0 for one in cohorts),
        "networks that clients share, to limit their influence (prefixes)": any(
            one.prefixes > 0 for one in cohorts
        ),
        "clients that answer after their window is final (answers_after_s > feedback_s)": any(
            _answers_after_s(one) > spec.feedback_s for one in cohorts
        ),
        "retries of clients that answer late (answers_after_s)": any(
            _answers_after_s(one) > 0.0 and one.retry.probability > 0.0 for one in cohorts
        ),
    }
    return tuple(feature for feature, present in found.items() if present)


def _answers_after_s(cohort: Cohort) -> float:
    """Return how late the outcome of a failing handshake is known, at worst."""
    met: list[Seen] = [seen for one in cohort.encounters for seen in (one.old, one.new)]
    return max((seen.answers_after_s for seen in met if not seen.ok), default=0.0)
