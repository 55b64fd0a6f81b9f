"""Flagger: the canary loop, tick by tick, with our counts as its metrics."""

import pytest

from simcert.errors import InputError
from simcert.model import Assessment, Progress, Reading, View
from simcert.policy._peers import flagger as rules
from simcert.policy._peers import flagger_checks as checks
from simcert.policy.flagger import Flagger


def test_a_good_certificate_climbs_by_five_and_is_promoted_at_fifty(fly) -> None:
    path = fly(Flagger(success_min_pct=98.0))

    weights = [round(100 * e) for _, e, _ in path.moves]
    assert weights == [5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 100]
    assert path.phase == "complete"


def test_a_total_break_is_withdrawn_one_interval_after_the_last_failed_check(fly) -> None:
    path = fly(Flagger(threshold=3), delta=0.995)

    # first step after minute 1, three failed checks, and the rollback one tick later
    assert [(m, e) for m, e, _ in path.moves] == [(1, 0.05), (5, 0.0)]
    assert path.phase == "rolled_back"
    assert "failed checks 3 reached 3" in path.moves[-1][2]


def test_no_data_is_a_failed_check() -> None:
    policy = Flagger(threshold=1)
    decision = policy.decide(View(0.0, 0.0, 0.0))
    for minute in range(1, 4):
        seen = Assessment(readings={"success": Reading()})
        progress = Progress(memory=decision.memory)
        decision = policy.decide(
            View(60.0 * minute, decision.exposure, 60.0, assessment=seen, progress=progress)
        )

    assert decision.kind == "roll_back"


def test_a_failed_check_is_remembered_for_ever() -> None:
    analysis = rules.Analysis(threshold=2, step_weight=10, max_weight=50)
    state = rules.tick(analysis, rules.State(), rules.Facts(new_revision=True))
    for passed in (True, False, True, True, False):
        state = rules.tick(analysis, state, rules.Facts(checks_pass=passed))

    assert state.failed_checks == 2
    assert rules.tick(analysis, state, rules.Facts()).phase == rules.FAILED


def test_the_limit_is_looked_at_before_the_step() -> None:
    analysis = rules.Analysis(step_weight=20, max_weight=50)
    state = rules.tick(analysis, rules.State(), rules.Facts(new_revision=True))
    for _ in range(3):
        state = rules.tick(analysis, state, rules.Facts())

    assert state.canary_weight == 60


def test_milliseconds_are_whole() -> None:
    metric = checks.Metric(checks.DURATION, maximum=0.5, ranged=True)

    assert metric.accepts(0.99)
    assert not metric.accepts(1.0)


def test_an_interval_below_ten_seconds_is_refused() -> None:
    with pytest.raises((ValueError, InputError), match="interval_s must be at least 10"):
        Flagger(interval_s=5.0)
