"""Limits: how much traffic one slice may hold, by fidelity, and how many rows one run."""

from math import pi, sqrt

from simcert.world.population import population
from simcert.world.spec import Arrivals, Cohort, WorldSpec

RECORDS_IN_SLICE = 4_000_000  # rows that are in memory at once, some 400 bytes each
RECORDS_IN_RUN = 2_000_000_000
RECORDS_CLIENTS = 50_000_000  # each with a ticket, and a rate of its own
RETRIES_IN_SLICE = 999_999_999  # numpy draws hypergeometric numbers of fewer than 1e9 items


def excess(spec: WorldSpec, fidelity: str) -> str:
    """Return what is too much for a fidelity, with the limit and a way out; empty if nothing is."""
    cohorts = population(spec)
    busiest = sum(_in_slice(spec, one) for one in cohorts)
    if fidelity == "records":
        return _of_records(spec, busiest, sum(one.clients for one in cohorts))
    again = max((one.retry.attempts_max for one in cohorts if one.retry.probability > 0), default=0)
    if again * busiest > RETRIES_IN_SLICE:
        said = f"retries of {busiest:.3g} connections in a slice, at most {RETRIES_IN_SLICE:.0e}"
        return f"{said} with all their attempts; take shorter windows or more `analysis.slices`"
    return ""


def _of_records(spec: WorldSpec, busiest: float, clients: int) -> str:
    rows = spec.connections_per_s * spec.horizon_s
    rows *= max(sum(one.share for one in population(spec)), 1.0)
    if busiest > RECORDS_IN_SLICE:
        said = (
            f"up to {busiest:.3g} connections in a slice, at most {RECORDS_IN_SLICE:,} in records"
        )
        return f"{said}; take fidelity counts, shorter windows or more `analysis.slices`"
    if rows > RECORDS_IN_RUN:
        said = f"{rows:.3g} connections in all, records follow {RECORDS_IN_RUN:,}"
        return f"{said}; take fidelity counts, or fly fewer days"
    if clients > RECORDS_CLIENTS:
        return f"{clients:,} clients, records follow {RECORDS_CLIENTS:,}; take fidelity counts"
    return ""


def _in_slice(spec: WorldSpec, cohort: Cohort) -> float:
    """Return an upper limit of the first attempts that a slice may expect of a cohort."""
    rate, slice_s = spec.connections_per_s * cohort.share, spec.window_s / spec.slices
    return rate * _busy_s(cohort.arrivals, slice_s)


def _busy_s(arrivals: Arrivals, slice_s: float) -> float:
    """Return an upper limit of the seconds at mean rate that fall into one slice."""
    if arrivals.pulse_at_s is None:
        return slice_s * (1.0 + arrivals.diurnal)
    period_s = arrivals.pulse_period_s
    top = period_s / (arrivals.pulse_width_s * sqrt(2.0 * pi))
    return min(slice_s * (top + 1.0), slice_s + period_s)
