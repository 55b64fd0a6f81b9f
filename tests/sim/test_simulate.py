"""The driver: same seed, same bytes; faults bend what they say they bend, and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcert.control.analyzer import Analyzer
from simcert.control.journal import Journal
from simcert.control.plan import Plan
from simcert.control.rollout import Rollout
from simcert.errors import FidelityError, UnknownNameError
from simcert.model import NEW, OLD, Policy, discovery
from simcert.sim import Flight, refusals, simulate
from simcert.sim.driver import traffic_of
from simcert.sim.records import Records
from simcert.world.faults.actuator_delay import ActuatorDelay
from simcert.world.faults.actuator_failure import ActuatorFailure
from simcert.world.faults.controller_restart import ControllerRestart
from simcert.world.faults.metric_delay import MetricDelay
from simcert.world.faults.metric_duplication import MetricDuplication
from simcert.world.faults.metric_loss import MetricLoss
from simcert.world.faults.regional_outage import RegionalOutage
from simcert.world.faults.scanner_flood import ScannerFlood
from simcert.world.faults.ticket_key_rotation import TicketKeyRotation
from simcert.world.spec import LifecycleEvent, Probes, Reports, Resumption, WorldSpec
from simcert.world.streams import Streams
from tests.sim.worlds import OK, cohort, world

FIDELITIES = ("counts", "records")
LADDER = {"step": 0.2, "every_s": 60.0}


def rollout(spec: WorldSpec, stem: str = "fixed_linear", **params: object) -> Rollout:
    chosen = params or (LADDER if stem == "fixed_linear" else {})
    policy: Policy = discovery.build("simcert.policy", "policy", stem, **chosen)
    channels = policy.channels()

    def analyzer() -> Analyzer:
        made = {
            c.name: discovery.build("simcert.detect", "detector", c.detector, **c.params)
            for c in channels
        }
        return Analyzer(made, channels)

    return Rollout(policy, analyzer, Plan(spec.window_s, spec.slices, soak_s=60.0))


def flown(
    spec: WorldSpec, seed: int = 1, fidelity: str = "counts", **rest: Any
) -> tuple[Flight, str]:
    journal = Journal()
    flight = simulate(spec, rollout(spec, **rest), seed=seed, fidelity=fidelity, journal=journal)
    return flight, journal.text()


@pytest.mark.parametrize("fidelity", FIDELITIES)
def test_equal_seeds_give_equal_bytes_and_other_seeds_others(
    fidelity: str, sealed: Callable[..., None]
) -> None:
    one, again, other = (flown(world(), seed, fidelity) for seed in (1, 1, 2))

    assert one == again
    assert one[1] != other[1]


@pytest.mark.parametrize("fidelity", FIDELITIES)
def test_an_attempt_is_at_most_one_unit_and_totals_are_those_of_the_windows(fidelity: str) -> None:
    traffic = traffic_of(world(), Streams(5), fidelity)
    windows = [w for _ in range(40) for w in traffic.advance(0.3)]

    for window in windows:
        full = window.attempts.sum(axis=2) - window.resumed
        assert np.all(window.units <= window.attempts)
        assert np.all(window.units.sum(axis=2) <= full)
        ok = window.attempts[:, :, window.outcomes.index("ok")] - window.resumed
        assert np.array_equal(window.time_hist.sum(axis=2), ok)
    assert traffic.connections == sum(int(w.attempts.sum()) for w in windows)
    assert 0 < traffic.harmed_clients() <= traffic.harmed_connections


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.integers(0, 2**63 - 1))
def test_who_comes_does_not_depend_on_exposure(low: float, high: float, seed: int) -> None:
    spec = world(horizon_s=60.0)
    one, two = (Records(spec, Streams(seed)) for _ in range(2))
    for _ in range(4):
        a, b = one.rows(low), two.rows(high)
        first_a, first_b = a.attempt == 0, b.attempt == 0
        came_a = dict.fromkeys(zip(a.start_s[first_a], a.client[first_a], strict=True))
        came_b = dict.fromkeys(zip(b.start_s[first_b], b.client[first_b], strict=True))
        assert list(came_a) == list(came_b)


def test_counts_draw_the_same_visits_under_every_exposure() -> None:
    spec = world(cohorts=(cohort("a fine", 0.6, 500), cohort("b fine", 0.4, 300)))
    quiet = replace(
        spec,
        cohorts=tuple(replace(c, retry=replace(c.retry, probability=0.0)) for c in spec.cohorts),
    )
    totals = []
    for path in ((0.0,) * 40, (1.0,) * 40, (0.1, 0.9) * 20):
        traffic = traffic_of(quiet, Streams(3), "counts")
        windows = [w for e in path for w in traffic.advance(e)]
        totals.append([w.units.sum(axis=1).tolist() for w in windows])

    assert totals[0] == totals[1] == totals[2]


@pytest.mark.parametrize("fidelity", FIDELITIES)
def test_nobody_is_harmed_at_exposure_zero_or_by_an_equal_certificate(fidelity: str) -> None:
    shown = traffic_of(world(), Streams(1), fidelity)
    equal = traffic_of(world(cohorts=(cohort("a fine", 1.0, 50),)), Streams(1), fidelity)
    for _ in range(40):
        shown.advance(0.0)
        equal.advance(0.5)

    assert shown.harmed_connections == equal.harmed_connections == 0
    assert shown.harmed_clients() == equal.harmed_clients() == 0


@pytest.mark.parametrize("fidelity", FIDELITIES)
def test_the_rest_in_bulk_has_the_law_of_slices(fidelity: str) -> None:
    def total(bulk: bool, seed: int) -> list[int]:
        traffic = traffic_of(world(), Streams(seed), fidelity)
        if bulk:
            traffic.finish(1.0)
        else:
            for _ in range(40):
                traffic.advance(1.0)
        return [traffic.connections, traffic.ok_connections, traffic.harmed_connections]

    runs = 40 if fidelity == "counts" else 4
    bulk = np.array([total(True, seed) for seed in range(runs)])
    sliced = np.array([total(False, 1000 + seed) for seed in range(runs)])
    spread = np.sqrt((bulk.var(axis=0) + sliced.var(axis=0)) / runs) + 15  # ends of the horizon

    assert np.all(np.abs(bulk.mean(axis=0) - sliced.mean(axis=0)) < 4.5 * spread)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"assignment": "per_client"}, "assignment per_client"),
        ({"ticket_key_rotation_s": 100.0}, "ticket keys"),
        ({"tickets_shared": False}, "tickets_shared"),
        ({"faults": (TicketKeyRotation(60.0),)}, "ticket keys"),
        ({"faults": (ScannerFlood(),)}, "prefixes"),
    ],
)
def test_counts_refuses_what_it_has_no_law_for(change: dict[str, Any], word: str) -> None:
    spec = world(**change)

    with pytest.raises(FidelityError, match=word) as told:
        flown(spec)
    assert "records" in str(told.value)
    assert refusals(spec)
    assert flown(spec, fidelity="records")[0].connections > 0


def test_counts_refuses_cohorts_by_what_they_are() -> None:
    late = replace(OK, outcomes=(("close", 1.0),), answers_after_s=5.0)
    one = cohort("a", 1.0, 50)
    cases = {
        "activity_sigma": replace(one, activity_sigma=1.0),
        "prefixes": replace(one, prefixes=3),
        "ticket_life_s": replace(one, resumption=Resumption(ticket_life_s=100.0)),
        "answers_after_s": cohort("a", 1.0, 50, new=late),
    }
    for word, changed in cases.items():
        with pytest.raises(FidelityError, match=word):
            flown(world(cohorts=(changed,)))
        assert flown(world(cohorts=(changed,)), fidelity="records")[0].connections > 0


def test_an_unknown_fidelity_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match='did you mean "counts"'):
        flown(world(), fidelity="count")


@pytest.mark.parametrize("fidelity", FIDELITIES)
def test_a_restart_changes_nothing(fidelity: str) -> None:
    calm = flown(world(), fidelity=fidelity)
    shaken = flown(world(faults=(ControllerRestart(70.0, 45.0),)), fidelity=fidelity)

    assert calm == shaken


def test_windows_that_come_twice_count_once() -> None:
    calm, twice = flown(world()), flown(world(faults=(MetricDuplication(share=1.0),)))

    assert calm[0] == twice[0]


def test_late_metrics_delay_what_rests_on_them() -> None:
    spec = world(horizon_s=1200.0)
    params = {"stem": "target_success"}
    calm, late = (
        flown(replace(spec, faults=f), **params)[0] for f in ((), (MetricDelay(delay_s=120.0),))
    )

    assert [move[0] for move in late.exposure[:3]] > [move[0] for move in calm.exposure[:3]]


def test_lost_records_lower_completeness_and_lost_windows_are_missing() -> None:
    thinned = flown(world(faults=(MetricLoss(windows=0.0, records=0.2),)))[1]
    gone = flown(world(faults=(MetricLoss(windows=1.0),)))[1]

    assert '"completeness":0.8' in thinned
    assert '"entry":"window"' not in gone


def test_a_late_terminator_serves_late_and_a_deaf_one_not_at_all() -> None:
    calm = flown(world())[0]
    late = flown(world(faults=(ActuatorDelay(delay_s=30.0),)))[0]
    deaf = flown(world(faults=(ActuatorFailure(0.0, 300.0),)))[0]

    assert [move[0] for move in late.exposure if move[1]] >= [30.0]
    assert calm.exposure[0][0] < late.exposure[-1][0]
    assert all(exposure == 0.0 for t, exposure, _ in deaf.exposure if t < 300.0)
    assert any(exposure > 0.0 for _, exposure, _ in deaf.exposure)


@pytest.mark.parametrize("fidelity", FIDELITIES)
def test_an_outage_hits_both_arms_of_its_segment_and_harms_nobody(fidelity: str) -> None:
    fine = (cohort("a fine", 0.5, 400), cohort("b fine", 0.5, 400))
    outage = RegionalOutage(0.0, 600.0, share=0.5, segments=("a",))
    traffic = traffic_of(world(cohorts=fine, faults=(outage,)), Streams(1), fidelity)
    windows = [w for _ in range(40) for w in traffic.advance(0.5)]
    hangs = np.zeros((2, 2))
    for window in windows:
        order = [window.segments.index(s) for s in ("a", "b")]
        hangs += window.units[order, :, window.outcomes.index("hang")]

    assert traffic.harmed_connections == 0
    assert hangs[0, OLD] > 100
    assert hangs[0, NEW] > 100
    assert hangs[1].max() < 40


@pytest.mark.parametrize("fidelity", FIDELITIES)
def test_a_flood_comes_and_goes(fidelity: str) -> None:
    flood = ScannerFlood(120.0, 240.0, connections_per_s=10.0, prefixes=0)
    traffic = traffic_of(world(faults=(flood,)), Streams(1), fidelity)
    windows = [w for _ in range(40) for w in traffic.advance(0.1)]
    per_s = [
        sum(
            int(w.attempts[w.segments.index("scanner")].sum())
            for w in windows
            if a <= w.start_s < b
        )
        / (b - a)
        for a, b in ((0.0, 120.0), (120.0, 240.0), (240.0, 600.0))
        if any("scanner" in w.segments for w in windows if a <= w.start_s < b)
    ]

    assert max(per_s) == pytest.approx(10.0, rel=0.2)
    assert sum(per_s) == max(per_s)


@pytest.mark.parametrize("fidelity", FIDELITIES)
def test_reports_and_probes_come_only_where_declared(fidelity: str) -> None:
    told = tuple(replace(c, reports=Reports(0.5, 20.0)) for c in world().cohorts)
    loud = world(cohorts=told, probes=Probes(("a broken",), every_s=60.0))
    quiet, heard = (flown(spec, fidelity=fidelity)[1] for spec in (world(), loud))

    assert '"reports":[[],[]],"probes":[[],[]]' in quiet
    assert quiet.count('"reports":[[],[]]') > heard.count('"reports":[[],[]]')
    assert '"probes":[[2,3],[1,1]]' in heard


def test_the_rollout_waits_for_its_certificate_and_ends_with_it() -> None:
    events = (LifecycleEvent(120.0, NEW, "issue"), LifecycleEvent(420.0, NEW, "withdraw"))
    flight = flown(world(lifecycle=events))[0]

    assert flight.exposure[0][0] == 120.0
    assert flight.end == "rolled_back"
    assert flight.exposure[-1][:2] == (420.0, 0.0)


def test_exposure_sliced_in_time_serves_all_or_nothing() -> None:
    spec = world(horizon_s=14_400.0)
    flight, _ = flown(spec, stem="repeated_rollback")

    assert {exposure for _, exposure, _ in flight.exposure} <= {0.0, 1.0}
    assert len(flight.exposure) > 3
