"""Queries answer for the last interval only, as a metrics store does."""

import json

import numpy as np
import pytest

from simcert.detect.success_query import SuccessQuery
from simcert.detect.time_query import TimeQuery
from simcert.model import TIME_EDGES_MS, Window


def timed(minute: int, new_ms: list[float], old_ms: list[float]) -> Window:
    hist = np.zeros((1, 2, len(TIME_EDGES_MS) + 1), np.int64)
    for arm, times in enumerate((old_ms, new_ms)):
        for ms in times:
            hist[0, arm, np.searchsorted(TIME_EDGES_MS, ms, "right")] += 1
    return Window.of(
        new=(len(new_ms), 0),
        old=(len(old_ms), 0),
        start_s=60.0 * minute,
        end_s=60.0 * minute + 60.0,
        time_hist=hist,
    )


def test_success_forgets_what_is_older_than_its_span() -> None:
    query = SuccessQuery(span_s=120.0)
    for minute, failed in enumerate((100, 0, 10)):
        start_s = 60.0 * minute
        query.update(
            Window.of(new=(100, failed), old=(50, 1), start_s=start_s, end_s=start_s + 60.0)
        )

    reading = query.reading()
    assert reading.value == pytest.approx(95.0)
    assert reading.detail == {"n_new": 200.0, "f_new": 10.0, "n_old": 100.0, "f_old": 2.0}


def test_success_without_a_span_is_that_of_the_attempt() -> None:
    query = SuccessQuery(span_s=None, limit_pct=99.0)
    for minute in range(500):
        start_s = 60.0 * minute
        query.update(Window.of(new=(10, 1), old=(0, 0), start_s=start_s, end_s=start_s + 60.0))

    assert query.reading().n == 5000
    assert query.reading().verdict == "fail"
    assert len(json.dumps(query.to_dict())) < 200


def test_no_data_is_no_value() -> None:
    assert SuccessQuery().reading().value is None
    assert TimeQuery().reading().value is None
    query = TimeQuery()
    query.update(timed(0, [], [5.0]))
    assert query.reading().verdict == "no_data"


@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.99])
def test_a_quantile_is_right_within_its_bin(quantile: float) -> None:
    times = np.random.default_rng(3).lognormal(4.0, 0.5, 4000)
    query = TimeQuery(quantile=quantile)
    query.update(timed(0, [50.0] * 100, [9.0]))  # forgotten
    query.update(timed(1, times.tolist(), [9.0, 9.0]))

    truth = float(np.quantile(times, quantile))
    assert query.reading().value == pytest.approx(truth, rel=10**0.1 - 1.0)
    assert query.reading().detail["old_ms"] == pytest.approx(9.0, rel=0.26)


def test_state_survives_json() -> None:
    for query in (SuccessQuery(), TimeQuery(limit_ms=80.0)):
        query.update(timed(0, [50.0, 70.0], [9.0]))
        again = type(query).from_dict(json.loads(json.dumps(query.to_dict())))
        for one in (query, again):
            one.update(timed(1, [51.0, 71.0], [9.0]))
        assert again.reading() == query.reading()
