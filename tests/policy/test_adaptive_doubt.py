"""Laws of a doubt about segments: it holds a rollout up while there is news of it, then not."""

from math import log

import pytest

from bench.evidence.world import World
from simcert.model import Assessment, Kind, Progress, Reading, View
from simcert.policy.adaptive import DOUBT_WINDOWS, Adaptive

POLICY = Adaptive()
WINDOW_S = 60.0
PATIENCE_S = DOUBT_WINDOWS * WINDOW_S


def view(now_s, segment_e, memory=None, exposure=0.1, log_e=0.0):
    """Return what the policy sees: a bound that permits everything, and doubtful segments."""
    readings = {"bound": Reading(value=0.0075)}
    readings |= {"segment": Reading(log_e=log(segment_e)), "segment_alert": Reading()}
    readings["segment_alert"] = Reading(log_e=log(segment_e))
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


def test_news_starts_the_waiting_again():
    told = [(600.0, 3.0), (PATIENCE_S, 6.0), (900.0 + PATIENCE_S, 6.0)]

    assert after(*told).kind is Kind.HOLD
    assert after(*told, (300.0 + 2.0 * PATIENCE_S, 6.0)).kind is Kind.RAISE


def test_news_of_a_doubt_is_doubted_anew():
    late_s = 600.0 + PATIENCE_S + 300.0
    decision = after((600.0, 6.0), (late_s, 6.0), (late_s + 30.0, 6.1))

    assert decision.kind is Kind.HOLD
    assert "segment e-value 6.1" in decision.reason


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
