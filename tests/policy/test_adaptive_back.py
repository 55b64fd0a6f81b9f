"""Going back is refused where it is worse; ends are known in time; segments are waited for."""

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcert import detect, lab
from simcert.model import Assessment, Kind, Progress, Reading, Verdict, View, Window
from simcert.policy import _adaptive_back as back
from simcert.policy._adaptive_readings import advice
from simcert.policy.adaptive import Adaptive
from simcert.scenario import build, load_scenario

POLICY = Adaptive()
PROOF = log(100.0)
FAILS = Reading(Verdict.FAIL, 9.0, 0.4, 0.01, 5_000)


def view(exposure=0.2, log_e=0.0, u=0.0075, until_s=None, now_s=6_000.0, memory=None, **readings):
    seen = Assessment(
        at_s=now_s, slices=10, log_e=log_e, n_old=9_000, n_new=1_000, windows=100, units_per_s=33.0,
        readings={"bound": Reading(value=u), **readings},
    )  # fmt: skip
    progress = Progress(old_until_s=until_s, memory=memory or {})
    return View(now_s, exposure, 60.0, assessment=seen, progress=progress)


@given(st.floats(-9.0, 900.0), st.floats(0.001, 0.95), st.sampled_from(["fails", "ended"]))
def test_never_back_to_a_certificate_that_is_worse(log_e, exposure, why):
    told = {"old_arm": FAILS} if why == "fails" else {"until_s": 5_000.0}
    decision = POLICY.decide(view(exposure, log_e, **told))
    assert decision.exposure >= exposure
    if log_e >= PROOF:
        assert decision.kind is Kind.HOLD
        assert "no way back" in decision.reason
        assert "an operator decides" in decision.reason


def test_an_alarm_does_not_send_users_back_to_it_either():
    alarm = {"failure_suspicion": Reading(detail={"alarms": 1.0})}
    assert POLICY.decide(view(0.95, **alarm)).kind is Kind.LOWER
    assert POLICY.decide(view(0.95, old_arm=FAILS, **alarm)).kind is Kind.HOLD


@pytest.mark.parametrize(
    ("until_s", "now_s", "u", "wanted"),
    [
        (None, 6_000.0, 0.032, 0.0045 / 0.032),  # nobody knows an end: the bound decides
        (90_000.0, 6_000.0, 0.032, 0.0045 / 0.032),  # far away
        (9_000.0, 6_000.0, 0.032, 0.95),  # within the hour: harm up to .05 is tolerated
        (9_000.0, 6_000.0, 0.065, 0.0045 / 0.065),  # more is not
        (5_999.0, 6_000.0, 1.0, 0.95),  # ended
    ],
)
def test_the_nearer_the_end_of_the_old_one_the_more_is_tolerated(until_s, now_s, u, wanted):
    decision = POLICY.decide(view(0.05, u=u, until_s=until_s, now_s=now_s))
    assert decision.exposure == pytest.approx(wanted)


def test_a_failing_old_arm_lifts_the_cap_before_the_bound():
    assert POLICY.decide(view(0.2, u=0.0115)).exposure == 0.30
    assert POLICY.decide(view(0.2, u=0.0115, old_arm=FAILS)).exposure > 0.35


@pytest.mark.parametrize(
    ("left_s", "said"),
    [(3_000.0, "3000 s"), (172_799.0, "172799 s"), (172_800.0, "2 days"), (7_775_988.0, "89 days")],
)
def test_a_rollback_is_told_how_long_its_refuge_lasts(left_s, said):
    reason = POLICY.decide(view(0.2, 5.0, until_s=6_000.0 + left_s)).reason
    assert f"the old certificate ends in {said}: " in reason


@pytest.mark.parametrize(("soaked_s", "kind"), [(7_200.0, Kind.HOLD), (14_400.0, Kind.COMPLETE)])
def test_completion_waits_for_known_segments_but_not_for_ever(soaked_s, kind):
    memory = {"at_s": 6_000.0, "soaked_s": soaked_s, "until_s": 0.0, "alarms": []}
    away = Reading(value=1.0, n=900, detail={"nightly": 400.0})
    decision = POLICY.decide(view(0.95, memory=memory, coverage=away))
    assert decision.kind is kind
    assert kind is Kind.COMPLETE or "nightly" in decision.reason
    here = POLICY.decide(view(0.95, memory=memory, coverage=Reading(value=0.0)))
    assert here.kind is Kind.COMPLETE


def windows(n, exposure, units):
    """Slices with `units` [segment, arm, outcome]."""
    for i in range(n):
        at = {"units": np.array(units), "attempts": np.array(units)}
        yield Window.empty(
            60.0 * i, 60.0 * i + 60.0, exposure, ("day", "night"), ("ok", "close"), **at
        )


def test_coverage_names_the_fleet_that_did_not_come_back():
    detector = detect.discover()["coverage"]()
    both, day = [[[40, 0], [2, 0]], [[30, 0], [1, 0]]], [[[2, 0], [40, 0]], [[0, 0], [0, 0]]]
    for window in (*windows(3, 0.05, both), *windows(5, 0.95, day)):
        detector.update(window)
    assert detector.reading().detail == {"night": 93.0}
    for window in windows(1, 0.95, [[[1, 0], [9, 0]], [[1, 0], [9, 0]]]):
        detector.update(window)
    assert detector.reading().value == 0.0


@pytest.mark.parametrize(
    ("q_old", "q_new", "fails"), [(0.3, 0.02, True), (0.02, 0.3, False), (0.02, 0.02, False)]
)
def test_the_old_arm_fails_only_if_it_fails_more_and_above_the_floor(q_old, q_new, fails):
    rng, detector = np.random.default_rng(1), detect.discover()["old_arm_e"]()
    for _ in range(60):
        new, old = (50, rng.binomial(50, q_new)), (950, rng.binomial(950, q_old))
        detector.update(Window.of(new=new, old=old))
    assert (detector.reading().verdict is Verdict.FAIL) is fails


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        ("alert:certificate_expired", "wait"),
        ("alert:unknown_ca", "distrust"),
        ("alert:certificate_unknown", "do not say why"),  # trust or clocks: RFC 8446, section 6.2
        ("close", "do not say why"),
        ("server_abort:handshake_failure", "second certificate"),
        ("ok_then_close", "pins"),
        ("hang", "shorter chain"),
    ],
)
def test_advice_follows_the_cause(outcome, word):
    detector = detect.discover()["causes"]()
    for _ in range(20):
        detector.update(Window.of(new=(100, 5), old=(900, 0), outcome=outcome))
    assert word in advice(Assessment(readings={"causes": detector.reading()}))


def test_noise_of_both_arms_is_no_cause():
    detector = detect.discover()["causes"]()
    for _ in range(20):
        detector.update(Window.of(new=(100, 2), old=(900, 18), outcome="close"))
    assert detector.reading().detail == {}


def test_a_rotation_away_from_a_distrusted_root_is_quick_and_says_why():
    result = lab.run(load_scenario("root_distrusted"), policy="adaptive", seed=3)
    assert result.end == "complete"
    assert result.score.minutes_to_full < 30.0
    assert any("the old certificate fails" in reason for _, _, reason in result.exposure)


def test_a_small_site_is_through_before_its_old_certificate_expires(monkeypatch):
    scenario = load_scenario("old_expires")
    assert build.plan(scenario).old_until_s == 10_800.0
    known = lab.run(scenario, policy="adaptive", seed=0).score
    monkeypatch.setattr(build, "_old_until_s", lambda _: None)
    unknown = lab.run(scenario, policy="adaptive", seed=0).score
    assert known.minutes_to_full <= 180.0 < unknown.minutes_to_full
    assert known.success_rate > unknown.success_rate + 0.002  # minutes of an expired certificate


def test_how_long_ago_the_old_one_ended_is_told():
    assert "ended 40 s ago" in back.worse(
        View(140.0, 0.5, 0.0, progress=Progress(old_until_s=100.0))
    )
