"""Reports and probes move the evidence by a bounded amount; a prior refuses or watches, no more."""

from dataclasses import replace
from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcert import detect, lab
from simcert.control.analyzer import Analyzer
from simcert.model import Kind, Prior, View, Window
from simcert.policy import _adaptive_channels as channels
from simcert.policy.adaptive import Adaptive
from simcert.scenario import build, load_scenario
from simcert.scenario.build import analyzer_maker, rollout

TOLD = st.lists(st.tuples(*[st.integers(0, 500)] * 4), min_size=1, max_size=30)


def window(i, reports=(0, 0), probes=(0, 0), n_new=200, exposure=0.1):
    told = {"reports": np.array([reports]), "probes": np.array([[0, 0], probes])}
    new, old = (n_new, round(0.02 * n_new)), (2_000 - n_new, round(0.02 * (2_000 - n_new)))
    return Window.of(
        new=new, old=old, start_s=60.0 * i, end_s=60.0 * i + 60.0, exposure=exposure, **told
    )


def made(policy: Adaptive) -> Analyzer:
    return analyzer_maker(policy)()


def test_with_nothing_to_add_the_evidence_is_as_it_was():
    plain = Adaptive().channels()
    assert plain[: len(channels.evidence())] == channels.evidence()
    for policy in (
        Adaptive(corroboration=0.1),
        Adaptive(watched=("a",)),
        Adaptive(corroboration=0.2, watched=("a",)),
    ):
        assert sum(one.weight for one in policy.channels()) == pytest.approx(1.0)


@settings(max_examples=40, deadline=None)
@given(told=TOLD)
def test_whatever_reports_and_probes_say_they_alone_withdraw_nothing(told):
    loud, deaf = made(Adaptive(corroboration=0.1)), made(Adaptive())
    for i, (old, new, asked, failed) in enumerate(told):
        loud.update(window(i, (old, new), (asked, min(asked, failed))))
        deaf.update(window(i))
        assert exp(loud.log_e) <= 0.9 * exp(deaf.log_e) + 0.1 * 200.0 + 1e-9
        assert loud.log_e < log(100.0)


def test_reports_of_a_break_are_heard():
    analyzer = made(Adaptive(corroboration=0.1))
    for i in range(5):
        analyzer.update(window(i, (2, 12), (2, 2)))
    assert exp(analyzer.log_e) > 5.0  # enough to go down


def test_late_reports_after_a_fall_are_no_harm():
    rng, proofs = np.random.default_rng(5), 0
    for _ in range(300):
        detector, waiting = detect.discover()["report_e"](), np.zeros(2, int)
        for i in range(120):
            e = 0.9 if i % 40 < 20 else 0.05
            sent = rng.binomial([round(2_000 * (1 - e)), round(2_000 * e)], 0.01)
            waiting += sent
            told = rng.binomial(waiting, 0.3)
            waiting -= told
            detector.update(window(i, tuple(told), n_new=round(2_000 * e), exposure=e))
        proofs += detector.uncut >= log(100.0)
    assert proofs <= 3


def test_probes_that_rarely_fail_prove_nothing_and_those_that_always_do_are_cut():
    rng = np.random.default_rng(6)
    calm, broken = (detect.discover()["probe_e"]() for _ in range(2))
    highest = 0.0
    for i in range(600):
        calm.update(window(i, probes=(4, int(rng.binomial(4, 0.03)))))
        broken.update(window(i, probes=(4, 4)))
        highest = max(highest, calm.log_e)
    assert highest < log(20.0)
    assert broken.log_e == pytest.approx(log(200.0))
    assert broken.reading().value == 1.0


def test_a_predicted_break_above_the_share_refuses_the_start_and_a_smaller_one_watches():
    policy = Adaptive()
    refused = policy.decide(View(0.0, 0.0, 0.0, prior=Prior(0.06, {"old": 0.06})))
    assert refused.kind is Kind.HOLD
    assert "predicted to break 0.06" in refused.reason
    scenario = load_scenario("android_root_missing")
    told = replace(scenario, analysis=replace(scenario.analysis, prior=True))
    flown = rollout(told, policy)
    assert flown.policy.watched == tuple(sorted(flown.prior.segments))
    assert rollout(scenario, policy).policy == policy
    assert lab.run(told, policy=policy, seed=1).end == "rolled_back"


def test_the_prior_may_be_about_other_clients_than_the_true_ones():
    scenario = load_scenario("android_root_missing")
    told = replace(scenario.analysis, prior=True)
    true, other = (
        build.world(replace(scenario, analysis=replace(told, configured=mix))).prior
        for mix in (None, "web")
    )
    assert true.affected_share == pytest.approx(0.03)
    assert other.affected_share != pytest.approx(true.affected_share)


def test_watched_segments_speak_sooner_than_all_together():
    hears, deaf = (
        detect.discover()[stem](**told)
        for stem, told in (("watch_e", {"segments": ("b",)}), ("conditional_e", {}))
    )
    for i in range(6):
        units = np.array([[[1_700, 36], [190, 4]], [[3, 0], [0, 1]]])
        for detector in (hears, deaf):
            detector.update(
                Window.empty(
                    60.0 * i,
                    60.0 * i + 60.0,
                    0.1,
                    ("a", "b"),
                    ("ok", "close"),
                    units=units,
                    attempts=units,
                )
            )
    assert hears.log_e > log(100.0) > 3.0 > deaf.log_e
