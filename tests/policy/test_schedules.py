"""Fixed schedules by the clock, the original loop with its flaw, target success by its formula."""

import pytest

from simcert.errors import UnknownNameError
from simcert.model import Assessment, Phase, Progress, Reading, Truth, Verdict, View
from simcert.policy import discover
from simcert.policy.target_success import largest

MADE = discover()


def path(policy, until_s, every_s=30.0, readings=None):
    """Return (second, exposure) of every change under an actuator that obeys at once."""
    exposure, changed_s, memory, moves = 0.0, 0.0, {}, []
    phase = Phase.WAITING
    for k in range(int(until_s / every_s) + 1):
        now_s = k * every_s
        seen = Assessment(at_s=now_s, readings=readings(exposure) if readings else {})
        progress = Progress(memory=memory, soak_s=600.0)
        view = View(now_s, exposure, now_s - changed_s, phase, seen, progress)
        decision = policy.decide(view)
        memory = decision.memory
        if decision.exposure != exposure:
            exposure, changed_s, phase = decision.exposure, now_s, Phase.RAMPING
            moves.append((now_s, exposure))
        if decision.kind in ("complete", "roll_back"):
            moves.append((now_s, str(decision.kind)))
            break
    return moves


@pytest.mark.parametrize(
    ("name", "first", "last", "complete_s"),
    [
        ("Linear10PercentEvery1Minute", (0.0, 0.1), (540.0, 1.0), 570.0),
        ("CodeDeployDefault.LambdaLinear10PercentEvery3Minutes", (0.0, 0.1), (1620.0, 1.0), 1650.0),
        ("AppConfig.Linear20PercentEvery6Minutes", (360.0, 0.2), (1800.0, 1.0), 3600.0),
        ("AppConfig.Linear50PercentEvery30Seconds", (30.0, 0.5), (60.0, 1.0), 120.0),
    ],
)
def test_published_linear_schedules(name, first, last, complete_s):
    moves = path(MADE["fixed_linear"](schedule=name), 4000.0)
    assert (moves[0], moves[-2], moves[-1]) == (first, last, (complete_s, "complete"))


def test_published_canary_waits_and_then_takes_everybody():
    moves = path(
        MADE["fixed_canary"](schedule="CodeDeployDefault.ECSCanary10Percent5Minutes"), 900.0
    )
    assert moves[:2] == [(0.0, 0.1), (300.0, 1.0)]


def test_published_exponential_doubles_over_twenty_minutes_and_bakes_for_ten():
    moves = path(MADE["fixed_exponential"](schedule="AppConfig.Canary10Percent20Minutes"), 4000.0)
    assert [e for _, e in moves[:-1]] == [0.1, 0.2, 0.4, 0.8, 1.0]
    assert (moves[-2][0], moves[-1]) == (1200.0, (1800.0, "complete"))


def test_an_unknown_schedule_offers_the_nearest_name():
    with pytest.raises(UnknownNameError, match="Linear10PercentEvery1Minute"):
        MADE["fixed_linear"](schedule="Linear10PercentEvery1Minut")


@pytest.mark.parametrize("stem", ["fixed_linear", "fixed_canary", "fixed_exponential"])
def test_an_alarm_rolls_back_with_value_limit_and_n(stem):
    policy = MADE[stem](alarm=True)
    bad = Reading(Verdict.FAIL, 0.0, 0.5, 0.95, 40)
    seen = Assessment(readings={"alarm": bad})
    decision = policy.decide(View(60.0, 0.1, 60.0, Phase.PROBING, seen))
    assert decision.kind == "roll_back"
    assert all(
        part in decision.reason for part in ("0.5 below 0.95", "in 2 of 3 windows", "n = 40")
    )
    assert MADE[stem]().channels() == ()


@pytest.mark.parametrize(
    ("params", "periods"),
    [
        ({}, [60, 120, 240, 480, 960, 1920, 3600]),
        ({"growth": 3.0}, [60, 180, 540, 1620, 3600]),
        ({"law": "power", "first_s": 600.0, "growth": 1.0}, [600, 1200, 1800, 2400, 3000, 3600]),
    ],
)
def test_repeated_rollback_serves_longer_each_period_until_it_fills_it(params, periods):
    policy = MADE["repeated_rollback"](**params)
    moves = path(policy, 40_000.0)
    expected = []
    for k, served_s in enumerate(periods):
        expected += [(3600.0 * k, 1.0), (3600.0 * k + served_s, 0.0)]
    assert moves == [*expected[:-1], (3600.0 * len(periods), "complete")]
    assert "time_sliced" in policy.tags


@pytest.mark.parametrize("now_s", [0.0, 59.0, 61.0, 3700.0, 7 * 3600.0])
def test_repeated_rollback_tells_its_place_its_limit_and_the_units_that_it_does_not_read(now_s):
    seen = Assessment(at_s=now_s, n_new=431)
    view = View(now_s, 0.0, 0.0, Phase.RAMPING, seen, Progress(soak_s=600.0))

    reason = MADE["repeated_rollback"]().decide(view).reason

    assert "(n = 431)" in reason
    assert "of period" in reason or "by the clock alone" in reason
    assert "3600" in reason


@pytest.mark.parametrize("bad", [{"growth": 1.0}, {"law": "cubic"}, {"first_s": 0.0}])
def test_a_schedule_that_never_ends_is_refused(bad):
    with pytest.raises(ValueError, match=r"growth|law|first_s"):
        MADE["repeated_rollback"](**bad)


def success(rate, n=100):
    value = None if n == 0 else rate
    return lambda e: {"success": Reading(Verdict.PASS, 0.0, value if e else None, None, n)}


@pytest.mark.parametrize("rate", [1.0, 0.99, 0.96, 0.95])
def test_the_original_loop_never_raises(rate):
    assert path(MADE["threshold_step"](), 3600.0, 10.0, success(rate)) == [(0.0, 0.05)]


def test_the_original_loop_goes_down_a_point_each_ten_seconds_and_stays_blind_at_zero():
    moves = path(MADE["threshold_step"](), 3600.0, 10.0, success(0.9))
    assert moves == [(0.0, 0.05)] + [(10.0 * k, round(0.05 - 0.01 * k, 2)) for k in range(1, 6)]


@pytest.mark.parametrize(
    ("target", "old", "new", "most"),
    [
        (0.98, 0.99, 0.99, 1.0),
        (0.98, 0.99, 0.89, 0.1),
        (0.98, 0.90, 0.90, 1.0),
        (0.98, 0.97, 0.90, 0.002 / 0.07),
        (0.98, None, 0.90, 1.0),
    ],
)
def test_the_largest_exposure_that_keeps_the_target(target, old, new, most):
    readings = [Reading(value=rate, n=10**9) for rate in (new, old)]
    assert largest(target, *readings, slack=0.002, z=2.0)[0] == pytest.approx(most, rel=1e-3)


def test_noise_is_no_loss():
    new, old = Reading(value=0.95, n=100), Reading(value=0.98, n=2000)
    assert largest(0.99, new, old, 0.002, 2.0)[0] == 1.0
    assert largest(0.99, new, old, 0.002, 0.0)[0] == pytest.approx(0.002 / 0.03)


def arms(new, old=0.995, **more):
    def readings(exposure):
        n = 10**9 if exposure else 0
        rate = {
            "success_new": Reading(Verdict.PASS, 0.0, new if n else None, None, n),
            "success_old": Reading(Verdict.PASS, 0.0, old, None, 10**9),
        }
        return rate | more

    return readings


def test_target_success_climbs_to_the_hold_back_soaks_and_completes():
    moves = path(MADE["target_success"](), 20_000.0, 60.0, arms(0.995))
    assert moves[0] == (0.0, 0.05)
    (soaked_from_s, top), (full_s, full), complete = moves[-3:]
    assert (top, full, complete) == (0.95, 1.0, (full_s, "complete"))
    assert full_s - soaked_from_s == 600.0


def test_target_success_stays_at_the_exposure_that_the_target_allows():
    moves = path(MADE["target_success"](target=0.985), 20_000.0, 60.0, arms(0.955))
    assert moves[-1][1] == pytest.approx(0.25, rel=1e-3)


def test_a_small_correction_is_not_worth_a_change_but_the_top_is():
    policy = MADE["target_success"]()
    for new, held in ((0.9750, True), (0.9722, True), (0.9650, False)):  # 0.25, 0.22, 0.17 allowed
        seen = Assessment(readings=arms(new)(0.25))
        view = View(9000.0, 0.23, 900.0, Phase.HOLDING, seen, Progress(target_success=0.99))
        assert (policy.decide(view).exposure == 0.23) is held
    view = View(9000.0, 0.92, 900.0, Phase.HOLDING, Assessment(readings=arms(0.995)(0.9)))
    assert policy.decide(view).exposure == 0.95


def test_target_success_never_goes_below_its_floor_unless_it_gives_up():
    assert path(MADE["target_success"](), 20_000.0, 60.0, arms(0.85))[-1][1] == pytest.approx(
        (0.995 - 0.99) / (0.995 - 0.85), rel=1e-3
    )
    assert path(MADE["target_success"](), 20_000.0, 60.0, arms(0.5))[-1][1] == "roll_back"


@pytest.mark.parametrize("metric", ["handshake_time", "features", "error_codes"])
def test_every_metric_has_its_own_step_down(metric):
    bad = {metric: Reading(Verdict.FAIL, 0.0, 2.0, 1.0, 50)}
    moves = path(MADE["target_success"](), 3600.0, 60.0, arms(0.995, **bad))
    assert moves[-1][1] == 0.01


def test_bad_news_at_the_floor_for_an_hour_is_the_end():
    bad = {"error_codes": Reading(Verdict.FAIL, 0.0, 2.0, 1.0, 50)}
    moves = path(MADE["target_success"](), 20_000.0, 60.0, arms(0.995, **bad))
    at_floor_s, ended_s = moves[-3][0], moves[-1][0]
    assert (moves[-3][1], moves[-1][1], ended_s - at_floor_s) == (0.01, "roll_back", 3600.0)


def test_the_oracle_needs_the_truth():
    oracle = MADE["oracle"]()
    assert oracle.decide(View(0.0, 0.0, 0.0)).kind == "hold"
    fine, harmful = Truth(0.01, 0.0, 0.0), Truth(0.01, 0.1, 0.1)
    assert oracle.decide(View(0.0, 0.0, 0.0, truth=fine)).kind == "complete"
    assert oracle.decide(View(0.0, 0.0, 0.0, truth=harmful)).kind == "roll_back"
