"""Intervals cover as often as they say; infinite times stay infinite."""

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcert.lab import statistics


def test_t_interval_covers_as_often_as_it_says() -> None:
    draws = np.random.Generator(np.random.Philox(7)).exponential(size=(4000, 60))
    inside = 0
    for row in draws:
        low, high = statistics.t_interval(row.tolist())
        assert low is not None
        assert high is not None
        inside += low <= 1.0 <= high

    # 95 % nominal; skewness of 60 exponentials costs about one point, error of the share 0.35 %
    assert 0.93 <= inside / 4000 <= 0.96


def test_wilson_knows_published_values() -> None:
    low, high = statistics.wilson(81, 263)  # Newcombe 1998, table I
    assert low == pytest.approx(0.2553, abs=5e-5)
    assert high == pytest.approx(0.3662, abs=5e-5)


@given(st.integers(1, 500), st.data())
def test_wilson_contains_the_share_and_stays_a_share(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))
    low, high = statistics.wilson(hits, n)

    assert low is not None
    assert high is not None
    assert 0.0 <= low <= hits / n + 1e-12
    assert hits / n - 1e-12 <= high <= 1.0


def test_runs_that_never_arrive_count_as_infinite() -> None:
    assert statistics.median([1.0, 2.0, inf]) == 2.0
    assert statistics.median([1.0, inf, inf]) is None
    assert statistics.p95([1.0] * 19 + [inf]) == 1.0
    assert statistics.p95([1.0] * 18 + [inf] * 2) is None
    assert statistics.mean([1.0, inf]) is None
    assert statistics.t_interval([1.0, inf]) == [None, None]


def test_nothing_has_no_figures() -> None:
    assert statistics.mean([]) is statistics.median([]) is statistics.p95([]) is None
    assert statistics.wilson(0, 0) == statistics.t_interval([1.0]) == [None, None]


def test_a_difference_with_one_side_missing_does_not_exist() -> None:
    assert statistics.differences([1.0, inf, inf], [3.0, 1.0, inf]) == [-2.0, inf, inf]
