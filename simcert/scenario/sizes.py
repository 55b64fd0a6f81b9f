"""How much one scenario may ask for: what the bounds of single numbers cannot say."""

from simcert.scenario.build import slices
from simcert.scenario.schema import Scenario
from simcert.scenario.strict import Problems
from simcert.world.faults._fault import Fault

DECISIONS_MAX = 2_000_000
PULSES_MAX = 20_000  # a minute apart for two weeks; some 200 MB where slices are long
RESTARTS_MAX = 100_000
COHORTS_MAX = 1_000
CLIENTS_MAX = 1_000_000_000  # of all cohorts and floods; retries are drawn from as many


def check_sizes(scenario: Scenario, problems: Problems) -> None:
    """Note where a run would take more steps than anybody waits for, or hold too many clients."""
    horizon_s, window_s = scenario.traffic.horizon_s, scenario.analysis.window_s
    decisions = horizon_s / window_s * slices(scenario)
    if decisions > DECISIONS_MAX:
        problems.add(
            "traffic.horizon_s",
            f"{horizon_s:g} s in windows of {window_s:g} s are {decisions:.3g} decisions, "
            f"at most {DECISIONS_MAX:,}; fly fewer days, or set a longer `analysis.window_s` "
            "or fewer `analysis.slices`",
        )
    if len(scenario.cohort) > COHORTS_MAX:
        problems.add("cohort", f"{len(scenario.cohort)} cohorts, at most {COHORTS_MAX:,}")
    _check_pulses(scenario, problems)
    _check_clients(scenario, problems)
    _check_restarts(scenario, problems)


def _check_pulses(scenario: Scenario, problems: Problems) -> None:
    for i, one in enumerate(scenario.cohort):
        if one.arrivals is None or one.arrivals.pulse_at_h is None:
            continue
        period_s, place = one.arrivals.pulse_period_s, f"cohort[{i}].arrivals"
        if (pulses := scenario.traffic.horizon_s / period_s) > PULSES_MAX:
            said = f"{pulses:.3g} pulses in the horizon, at most {PULSES_MAX:,}"
            problems.add(f"{place}.pulse_period_s", f"{said}; without `pulse_at_h` nothing pulses")
        if one.arrivals.pulse_width_s > period_s:
            said = f"is longer than the period of {period_s:g} s"
            problems.add(f"{place}.pulse_width_s", f"{said}; without `pulse_at_h` nothing pulses")


def _check_clients(scenario: Scenario, problems: Problems) -> None:
    own = [one.clients or 0 for one in scenario.cohort]
    own += [getattr(fault, "clients", 0) for fault in scenario.faults]
    if (total := scenario.traffic.clients + sum(own)) > CLIENTS_MAX:
        said = f"{total:,} with those of cohorts and faults, at most {CLIENTS_MAX:,}"
        problems.add("traffic.clients", said)


def _check_restarts(scenario: Scenario, problems: Problems) -> None:
    for i, fault in enumerate(scenario.faults):
        if isinstance(fault, Fault) and (times := len(fault.restarts_s())) > RESTARTS_MAX:
            said = f"{times:,} restarts, at most {RESTARTS_MAX:,}; let them come rarer, or end"
            problems.add(f"fault[{i}].every_s", said)
