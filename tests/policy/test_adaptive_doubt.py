"""Laws of a doubt: it holds a rollout up while there is news of it, then not."""

from math import log

import numpy as np
import pytest

from bench.evidence.world import World
from simcert.control.plan import Plan
from simcert.control.rollout import Rollout
from simcert.model import Assessment, Kind, Phase, Progress, Reading, View, Window
from simcert.policy.adaptive import DOUBT_WINDOWS, Adaptive
from simcert.scenario.build import analyzer_maker

POLICY = Adaptive()
WINDOW_S = 60.0
PATIENCE_S = DOUBT_WINDOWS * WINDOW_S


def view(now_s, segment_e, memory=None, exposure=0.1, log_e=0.0, alert_e=1.0):
    """Return what the policy sees: a bound that permits everything, and doubtful segments."""
    readings = {"bound": Reading(value=0.0075)}
    readings |= {"segment": Reading(log_e=log(segment_e)), "segment_alert": Reading()}
    readings["segment_alert"] = Reading(log_e=log(segment_e))
    readings["trust_alert"] = Reading(log_e=log(alert_e))
    seen = Assessment(
        at_s=now_s, window_s=WINDOW_S, slices=2, log_e=log_e, n_old=9000, n_new=1000,
        windows=100, units_per_s=5.0, readings=readings,
    )  # fmt: skip
    return View(now_s, exposure, 30.0, assessment=seen, progress=Progress(memory=memory or {}))


def after(*seen, **rest):
    """Return the last decision of a policy that saw segment e-values at times."""
    memory = None
    for now_s, segment_e in seen:
        decision = POLICY.decide(view(now_s, segment_e, memory, **rest))
        memory = decision.memory
    return decision


@pytest.mark.parametrize("segment_e", [1.5, 6.0, 60.0])
def test_a_doubt_without_news_holds_nobody_up_for_ever(segment_e):
    waits = after((600.0, segment_e), (600.0 + PATIENCE_S - 1.0, segment_e))
    goes = after((600.0, segment_e), (600.0 + PATIENCE_S + 300.0, segment_e))

    assert (waits.kind, goes.kind) == (Kind.HOLD, Kind.RAISE)
    assert f"segment e-value {segment_e:g} has no news since 600 s" in goes.reason


@pytest.mark.parametrize("exposure", [0.01, 0.1, 0.4])
@pytest.mark.parametrize(
    ("said", "doubted"),
    [("evidence e-value 40", {"log_e": log(40.0)}), ("trust-alert e-value 40", {"alert_e": 40.0})],
)
def test_so_does_no_other_evidence(said, doubted, exposure):
    doubted |= {"exposure": exposure}
    waits = after((600.0, 1.0), (600.0 + PATIENCE_S - 1.0, 1.0), **doubted)
    goes = after((600.0, 1.0), (600.0 + PATIENCE_S + 300.0, 1.0), **doubted)

    assert waits.exposure <= max(exposure, 0.1)
    assert (goes.kind, goes.exposure) == (Kind.RAISE, POLICY.top)
    assert f"{said} has no news since 600 s" in goes.reason
    news = view(PATIENCE_S + 930.0, 1.0, goes.memory, exposure, log(46.0), 46.0)
    assert POLICY.decide(news).exposure <= exposure


def site_with_one_alert(at_exposure):
    """Fly a site where clients fail, but nobody alerts, save for one that meets the new one."""
    rng, rollout = np.random.default_rng(1), Rollout(POLICY, analyzer_maker(POLICY), Plan())
    for k in range(DOUBT_WINDOWS + 400):
        exposure = rollout.exposure
        n_new = int(rng.binomial(300, exposure))
        units = np.zeros((1, 2, 3), np.int64)
        for arm, n in ((0, 300 - n_new), (1, n_new)):
            failed = int(rng.binomial(n, 0.01))
            units[0, arm] = (n - failed, failed, 0)
        if n_new and exposure >= at_exposure:
            units[0, 1, 2], at_exposure = 1, 2.0
        given = {"units": units, "attempts": units.copy()}
        start_s, outcomes = WINDOW_S * k, ("ok", "close", "alert:unknown_ca")
        end_s = start_s + WINDOW_S
        rollout.receive(Window.empty(start_s, end_s, exposure, ("all",), outcomes, **given))
        rollout.confirm(rollout.tick(end_s).exposure, end_s)
        if rollout.finished:
            break
    return rollout.phase


@pytest.mark.parametrize("at_exposure", [0.001, 0.05, 0.2])
def test_one_alert_on_a_site_that_has_no_others_does_not_end_a_rollout(at_exposure):
    assert site_with_one_alert(at_exposure) is Phase.COMPLETE


def test_news_starts_the_waiting_again():
    told = [(600.0, 3.0), (PATIENCE_S, 6.0), (900.0 + PATIENCE_S, 6.0)]

    assert after(*told).kind is Kind.HOLD
    assert after(*told, (300.0 + 2.0 * PATIENCE_S, 6.0)).kind is Kind.RAISE


def test_news_of_a_doubt_is_doubted_anew():
    late_s = 600.0 + PATIENCE_S + 300.0
    decision = after((600.0, 6.0), (late_s, 6.0), (late_s + 30.0, 7.4))

    assert decision.kind is Kind.HOLD
    assert "segment e-value 7.4" in decision.reason


def test_a_ripple_on_a_doubt_is_no_news():
    # rows with failures in both arms are never at rest, and a doubt is a sum over rows
    late_s = 600.0 + PATIENCE_S + 300.0
    rippled = ((600.0, 6.0), (late_s / 2.0, 7.2), (late_s, 6.0), (late_s + 30.0, 7.2))

    assert after(*rippled).kind is Kind.RAISE


def test_a_doubt_that_ended_leaves_no_tolerance():
    late_s = 600.0 + PATIENCE_S + 300.0
    decision = after((600.0, 6.0), (late_s, 6.0), (late_s + 30.0, 1.0), (late_s + 60.0, 5.0))

    assert decision.kind is Kind.HOLD
    assert "doubt_e" not in after((600.0, 6.0), (630.0, 1.0)).memory


@pytest.mark.parametrize("segment_e", [1.0, 6.0, 60.0])
def test_a_proof_rolls_back_whatever_was_lived_with(segment_e):
    late_s = 600.0 + PATIENCE_S + 300.0
    memory = after((600.0, segment_e), (late_s, segment_e)).memory
    decision = POLICY.decide(view(late_s + 30.0, segment_e, memory, log_e=log(100.0) + 1e-9))

    assert decision.kind is Kind.ROLL_BACK


def test_the_campaigns_of_the_bars_end_before_any_doubt_is_lived_with():
    """So the committed evidence says the same of a policy with this rule and of one without."""
    assert World.windows <= DOUBT_WINDOWS
