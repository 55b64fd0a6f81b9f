"""A scenario's values become the core's objects: world, analyzer, rollout."""

from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

from simcert.control.analyzer import Analyzer, MakeAnalyzer
from simcert.control.plan import Plan
from simcert.control.rollout import Rollout
from simcert.errors import UnknownNameError
from simcert.model import Channel, Detector, Policy, Prior, discovery
from simcert.model.outcome import ARMS
from simcert.scenario import places
from simcert.scenario.cohorts import cohorts
from simcert.scenario.schema import Scenario
from simcert.tls import Certificate, CertificateChain
from simcert.world import truth_of
from simcert.world.faults._fault import Fault
from simcert.world.spec import Cohort, LifecycleEvent, Probes, WorldSpec

SOAK_S = 7200.0  # where neither a ticket life nor a segment period says how long to wait


def world(scenario: Scenario) -> WorldSpec:
    """Return the world of a scenario; who breaks follows from chains, clients and trust stores."""
    traffic, analysis = scenario.traffic, scenario.analysis
    members = cohorts(scenario)
    for fault in scenario.faults:
        members = fault.met(members) if isinstance(fault, Fault) else members
    spec = WorldSpec(
        cohorts=members,
        connections_per_s=traffic.connections_per_s,
        horizon_s=traffic.horizon_s,
        window_s=analysis.window_s,
        slices=slices(scenario),
        assignment=traffic.assignment,
        feedback_s=traffic.feedback_s,
        tickets_shared=traffic.tickets_shared,
        ticket_key_rotation_s=traffic.ticket_key_rotation_s,
        faults=scenario.faults,
        probes=_probes(scenario, members),
        lifecycle=tuple(
            LifecycleEvent(one.at_s, ARMS.index(one.arm), one.event) for one in scenario.lifecycle
        ),
        prior=_prior(_configured(scenario, members)) if analysis.prior else None,
        sources=scenario.sources,
    )
    return spec


def rollout(scenario: Scenario, policy: Policy, spec: WorldSpec | None = None) -> Rollout:
    """Return a rollout ready to fly: the policy, the evidence it names, the scenario's plan.

    `spec` saves building the world again. A policy tagged `needs_truth` is told the truth.
    """
    spec = world(scenario) if spec is None else spec
    policy = told(policy, spec.prior)
    truth = truth_of(spec) if "needs_truth" in policy.tags else None
    return Rollout(policy, analyzer_maker(policy), plan(scenario), prior=spec.prior, truth=truth)


def told(policy: Policy, prior: Prior | None) -> Policy:
    """Return the policy, watching whom the prior predicts to break if it can watch anybody."""
    if prior is None or not prior.segments or getattr(policy, "watched", None) != ():
        return policy
    watching: Policy = replace(policy, watched=tuple(sorted(prior.segments)))  # type: ignore[type-var]
    return watching


def analyzer_maker(policy: Policy) -> MakeAnalyzer:
    """Return what makes a fresh analyzer with the detectors that the policy names."""
    return partial(_analyzer, policy.channels())


def _analyzer(channels: tuple[Channel, ...]) -> Analyzer:
    return Analyzer({one.name: detector(one) for one in channels}, channels)


def detector(channel: Channel) -> Detector:
    """Return the detector of one channel, by the stem of its file."""
    built: Detector = discovery.build(
        "simcert.detect", "detector", channel.detector, **channel.params
    )
    return built


def plan(scenario: Scenario) -> Plan:
    """Return the clocks and the objective of the rollout."""
    analysis = scenario.analysis
    return Plan(
        window_s=analysis.window_s,
        slices=slices(scenario),
        soak_s=soak_s(scenario),
        deadline_s=analysis.deadline_s or scenario.traffic.horizon_s,
        old_until_s=_old_until_s(scenario),
        target_success=analysis.target_success,
    )


def _old_until_s(scenario: Scenario) -> float | None:
    """Return when the old certificate ends as far as the rollout knows."""
    if scenario.analysis.old_until_s is not None:
        return scenario.analysis.old_until_s
    ends = [one.at_s for one in scenario.lifecycle if (one.arm, one.event) == ("old", "expire")]
    leaf = _leaf(scenario.folder / scenario.certificates.old)
    ends.append((leaf.not_after - scenario.certificates.at).total_seconds())
    first_s = min(ends)
    return first_s if first_s < scenario.traffic.horizon_s else None


@lru_cache(maxsize=64)
def _leaf(path: Path) -> Certificate:
    return CertificateChain.from_pem(path).certificates[0]


def slices(scenario: Scenario) -> int:
    """Decisions per window: a slice has at least 100 connections, a window 2 to 20 slices."""
    if scenario.analysis.slices is not None:
        return scenario.analysis.slices
    per_window = scenario.traffic.connections_per_s * scenario.analysis.window_s
    return int(min(max(per_window / 200.0, 2), 20))


def soak_s(scenario: Scenario) -> float:
    """Ticket life or longest period of a segment, whichever is longer; 2 h where neither exists."""
    if scenario.analysis.soak_s is not None:
        return scenario.analysis.soak_s
    waves = [one.arrivals for one in scenario.cohort if one.arrivals is not None]
    periods = [wave.pulse_period_s for wave in waves if wave.pulse_at_h is not None]
    periods += [wave.session_mean_s for wave in waves if wave.session_mean_s is not None]
    return max([scenario.traffic.ticket_life_s or 0.0, *periods]) or SOAK_S


def _probes(scenario: Scenario, members: tuple[Cohort, ...]) -> Probes:
    asked, known = scenario.probes, [one.name for one in members]
    if asked is None:
        return Probes()
    for name in asked.cohorts:
        if name not in known:
            with places.at(scenario, "probes.cohorts"):
                raise UnknownNameError("cohort of probes", name, known)
    return Probes(asked.cohorts, asked.every_s)


def _configured(scenario: Scenario, members: tuple[Cohort, ...]) -> tuple[Cohort, ...]:
    """Return whom the prior is about: the true members, or those of another, configured mix."""
    mix = scenario.analysis.configured
    if mix is None:
        return members
    return cohorts(replace(scenario, cohort=(), population=replace(scenario.population, mix=mix)))


def _prior(members: tuple[Cohort, ...]) -> Prior:
    """What prediction says at the epoch: share of connections that break, and by segment."""
    broken = [one for one in members if one.encounters[0].old.ok and not one.encounters[0].new.ok]
    by_segment: dict[str, float] = {}
    for one in broken:
        by_segment[one.segment] = by_segment.get(one.segment, 0.0) + one.share
    return Prior(sum(one.share for one in broken), by_segment)
