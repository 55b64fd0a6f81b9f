"""Kayenta: the interval of a shift, the judge, and the canary runs of the policy."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simcert.policy._peers import kayenta_judge as judge
from simcert.policy._peers import kayenta_stats as stats
from simcert.policy.kayenta import Kayenta

VALUES = st.lists(st.integers(-50, 50), min_size=4, max_size=12)


def test_a_good_certificate_passes_three_canary_runs(fly) -> None:
    path = fly(Kayenta())

    assert [(m, e) for m, e, _ in path.moves] == [(0, 0.05), (30, 0.2), (60, 0.5), (90, 1.0)]
    assert path.phase == "complete"


def test_a_break_is_found_at_the_first_judgement(fly) -> None:
    path = fly(Kayenta(), delta=0.05)

    assert [(m, e) for m, e, _ in path.moves] == [(0, 0.05), (10, 0.0)]
    assert "success Low" in path.moves[-1][2]


def test_the_interval_is_that_of_the_textbook() -> None:
    x, y = np.array([10.0, 20.0, 30.0, 40.0]), np.array([1.0, 2.0, 3.0, 4.0])

    assert np.allclose(stats.interval(x, y, 0.95), (6.0, 39.0, 22.5), atol=1e-6)


@settings(max_examples=50)
@given(VALUES, VALUES, st.integers(-100, 100))
def test_a_shift_of_the_data_shifts_the_interval(x: list, y: list, by: int) -> None:
    if len({*x, *y}) < 4:
        return
    a, b = np.array(x, float), np.array(y, float)
    try:
        before = stats.interval(a, b, 0.9)
        after = stats.interval(a + by, b, 0.9)
    except stats.AllTiedError:
        return

    assert np.allclose(np.array(before) + by, after, atol=2 * stats.ROOT_TOLERANCE)


def test_constant_arrays_are_told_apart() -> None:
    ten, one = np.full(5, 10.0), np.full(5, 1.0)
    config = judge.MetricConfig()

    assert judge.classify(ten, one, config).classification == judge.HIGH
    assert judge.classify(one, ten, config).classification == judge.LOW
    assert judge.classify(one, one, config).classification == judge.PASS


def test_seven_of_ten_points_a_hundredfold_worse_pass() -> None:
    worse = np.array([100.0] * 7 + [1.0] * 3)

    assert judge.classify(worse, np.ones(10), judge.MetricConfig()).classification == judge.PASS


def test_a_lone_error_scores_a_hundred() -> None:
    assert judge.score([judge.Judged(judge.ERROR)], {})[0] == 100.0


def test_a_score_equal_to_marginal_stops_the_run_though_its_class_is_marginal() -> None:
    assert judge.stops(75.0, 75.0)
    assert judge.score_class(75.0, 95.0, 75.0) == judge.MARGINAL
