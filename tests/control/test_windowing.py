"""Windowing against a plain dictionary: one unit per client and window, whatever the order."""

from collections import Counter
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcert.control._cells import time_bins
from simcert.control._client_set import ClientSet, DenseSet
from simcert.control.counters import Counters
from simcert.control.joining import Joiner
from simcert.control.windowing import Grid, Windower
from simcert.model import FEATURES, RESUMED, TIME_EDGES_MS, RecordBatch, Window

SEGMENTS, OUTCOMES = ("a", "b"), ("close", "ok", "alert:unknown_ca")
ROW = st.tuples(
    st.floats(0.0, 179.0),
    st.integers(0, 5),
    st.integers(0, 1),
    st.integers(0, 1),
    st.integers(0, 2),
    st.integers(0, 127),
)


def batch_of(rows):
    start, client, segment, arm, outcome, features = zip(*rows, strict=True)
    n = len(rows)
    return RecordBatch(
        SEGMENTS,
        OUTCOMES,
        np.array(start, float),
        np.array(start, float) + 0.1,
        np.full(n, 40.0, np.float32),
        np.array(client, np.int64),
        np.array(segment, np.uint8),
        np.array(arm, np.uint8),
        np.array(outcome, np.uint8),
        np.array(features, np.uint16),
        np.zeros(n, np.uint8),
    )


def counted(window, name):
    found = Counter()
    for s, segment in enumerate(window.segments):
        for arm in (0, 1):
            for o, outcome in enumerate(window.outcomes):
                if count := int(getattr(window, name)[s, arm, o]):
                    found[segment, arm, outcome] += count
    return found


def by_hand(rows, slices=2):
    """Return {slice number: (units, attempts, resumed)} with loops and sets."""
    found = {k: (Counter(), Counter(), Counter()) for k in range(3 * slices)}
    seen = set()
    for start, client, segment, arm, outcome, features in sorted(
        rows, key=lambda row: int(row[0] // (60.0 / slices))
    ):
        number = int(start // (60.0 / slices))
        units, attempts, resumed = found[number]
        cell = (SEGMENTS[segment], arm, OUTCOMES[outcome])
        attempts[cell] += 1
        if features & RESUMED:
            resumed[SEGMENTS[segment], arm] += 1
        elif (number // slices, client) not in seen:
            seen.add((number // slices, client))
            units[cell] += 1
    return found


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=60))
def test_units_attempts_and_resumed_are_those_of_a_plain_count(rows):
    windower = Windower(Grid(60.0, 2))
    windower.exposed(0.5, 0.0)
    windower.add(batch_of(rows))
    windows = windower.close(180.0)
    assert len(windows) == 6
    for number, window in enumerate(windows):
        units, attempts, resumed = by_hand(rows)[number]
        assert counted(window, "units") == units
        assert counted(window, "attempts") == attempts
        assert int(window.resumed.sum()) == sum(resumed.values())
        assert window.slice_index == number % 2


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(ROW, min_size=2, max_size=40), cut=st.integers(1, 39))
def test_slices_partition_units_however_the_batches_are_cut(rows, cut):
    rows = sorted(rows)
    whole, parts = Windower(Grid(60.0, 3)), Windower(Grid(60.0, 3))
    whole.add(batch_of(rows))
    for part in (rows[:cut], rows[cut:]):
        if part:
            parts.add(batch_of(part))
    once, twice = whole.close(180.0), parts.close(180.0)
    assert [w.to_dict() for w in once] == [w.to_dict() for w in twice]
    for k in range(3):
        clients = {row[1] for row in rows if 60 * k <= row[0] < 60 * k + 60 and not row[5] & 1}
        assert sum(w.n for w in once[3 * k : 3 * k + 3]) == len(clients)


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=40))
def test_rows_delivered_twice_change_nothing(rows):
    rows = list({(row[0], row[1]): row for row in rows}.values())
    once, twice = (Windower(Grid(60.0), duplicates=True) for _ in range(2))
    once.add(batch_of(rows))
    twice.add(batch_of(rows))
    twice.add(batch_of(rows))
    assert twice.repeated == len(rows)
    assert [w.to_dict() for w in once.close(180.0)] == [w.to_dict() for w in twice.close(180.0)]


def test_a_row_of_a_closed_slice_is_late_and_counts_nowhere():
    windower = Windower(Grid(60.0))
    windower.close(60.0)
    windower.add(batch_of([(10.0, 1, 0, 1, 1, 0), (70.0, 2, 0, 1, 1, 0)]))
    assert windower.late == 1
    assert [w.n for w in windower.close(120.0)] == [1]


def test_a_slice_closes_only_after_its_grace():
    windower = Windower(Grid(60.0), grace_s=30.0)
    assert windower.close(89.0) == []
    (window,) = windower.close(90.0)
    assert (window.end_s, window.lag_s) == (60.0, 30.0)


def test_rows_under_a_short_exposure_are_connections_but_no_units():
    windower = Windower(Grid(60.0))
    windower.exposed(0.1, 0.0)
    windower.exposed(0.5, 50.0)
    windower.add(batch_of([(10.0, 1, 0, 0, 1, 0), (55.0, 2, 0, 1, 1, 0)]))
    (window,) = windower.close(60.0)
    assert (window.exposure, window.n, int(window.attempts.sum())) == (0.1, 1, 2)
    assert windower.close(120.0)[0].exposure == 0.5


@pytest.mark.parametrize(
    ("skew_s", "told", "mixed"),
    [
        (0.0, (60.0, 60.0), []),  # at the edge of two slices: each has one exposure
        (0.0, (70.0, 70.0), [1]),
        (0.0, None, [1]),  # the moment of the exposure alone
        (0.0, (50.0, 70.0), [0, 1]),
        (2.0, (60.0, 60.0), [0, 1]),
        (2.0, (63.0, 63.0), [1]),
    ],
)
def test_slices_of_two_exposures_say_so(skew_s, told, mixed):
    windower = Windower(Grid(60.0), skew_s=skew_s)
    if told is not None:
        windower.changing(*told)
    windower.exposed(0.5, 70.0 if told is None else told[1])
    found = [k for k, one in enumerate(windower.close(240.0)) if one.mixed]
    assert found == mixed


def test_lost_rows_lower_the_completeness_of_their_slice_only():
    windower = Windower(Grid(60.0))
    windower.add(batch_of([(10.0, k, 0, 0, 1, 0) for k in range(9)]))
    windower.lost(1, 20.0)
    first, second = windower.close(120.0)
    assert (first.completeness, second.completeness) == (0.9, 1.0)


def test_times_and_features_are_those_of_successful_full_handshakes():
    rows = [(1.0, 1, 0, 1, 1, 2), (2.0, 2, 0, 1, 0, 2), (3.0, 3, 0, 1, 1, 3)]
    windower = Windower(Grid(60.0))
    windower.add(batch_of(rows))
    (window,) = windower.close(60.0)
    assert int(window.time_hist.sum()) == 1
    bin_ = int(np.flatnonzero(window.time_hist[0, 1])[0])
    assert TIME_EDGES_MS[bin_ - 1] <= 40.0 < TIME_EDGES_MS[bin_]
    assert window.features[0, 1].tolist() == [int(name == FEATURES[1]) for name in FEATURES]


def test_every_time_falls_into_its_bin():
    ms = np.array([0.0, 0.99, 1.0, 1.01, 9.9, 10.5, 6e4, 1e9, np.nan], np.float32)
    assert time_bins(ms).tolist() == [0, 0, 1, 1, 10, 11, 48, 49, 0]
    between = np.sqrt(TIME_EDGES_MS[1:] * TIME_EDGES_MS[:-1])
    expected = np.searchsorted(TIME_EDGES_MS, between, side="right")
    assert time_bins(between.astype(np.float32)).tolist() == expected.tolist()


@given(batches=st.lists(st.lists(st.integers(-(2**62), 2**62) | st.integers(0, 9), max_size=200)))
@settings(max_examples=50, deadline=None)
def test_client_set_tells_the_first_row_of_every_name(batches):
    tells_the_first_row_of_every_name(ClientSet(1), batches)


@given(batches=st.lists(st.lists(st.integers(0, 40), max_size=60)))
@settings(max_examples=50, deadline=None)
def test_a_set_of_numbered_clients_does_so_too_and_leaves_nothing_to_the_next(batches):
    clients = DenseSet(41)
    for _ in range(2):
        tells_the_first_row_of_every_name(clients, batches)
        clients.clear()


@given(batches=st.lists(st.lists(st.integers(0, 40), max_size=60), min_size=3))
@settings(max_examples=50, deadline=None)
def test_nothing_is_forgotten_when_row_numbers_run_out(batches):
    with patch("simcert.control._client_set.STAMPS_MAX", 70):
        tells_the_first_row_of_every_name(DenseSet(41), batches)


def tells_the_first_row_of_every_name(clients, batches):
    seen = set()
    for batch in batches:
        expected = []
        for row, name in enumerate(batch):
            if name not in seen:
                expected.append(row)
            seen.add(name)
        assert clients.add(np.array(batch, np.int64)).tolist() == expected
    assert len(clients) == len(seen)


def source(name, start_s=0.0, exposure=0.1, n=100):
    return Window.of(
        new=(n, 1),
        old=(n, 1),
        start_s=start_s,
        end_s=start_s + 60.0,
        exposure=exposure,
        source=name,
    )


def joiner(*nodes, wait_s=30.0):
    return Joiner(nodes, Grid(60.0), wait_s=wait_s)


def put(one, name, number=0, epoch=1, exposure=0.1):
    return one.add(number, name, epoch, source(name, 60.0 * number, exposure), 60.0 * number)


def test_joined_windows_leave_in_order_whatever_order_they_came_in():
    one = joiner("a", "b")
    for name, number in (("b", 1), ("a", 1), ("a", 0)):
        put(one, name, number)
    assert one.take(65.0) == []
    put(one, "b", 0)
    assert [(w.start_s, w.n, w.completeness) for w in one.take(120.0)] == [
        (0.0, 400, 1.0),
        (60.0, 400, 1.0),
    ]


def test_a_source_that_comes_twice_counts_once():
    one = joiner("a", "b")
    assert put(one, "a")
    assert not put(one, "a")
    put(one, "b")
    assert [w.n for w in one.take(60.0)] == [400]
    assert not put(one, "b")
    assert (one.repeated, one.late) == (1, 1)


def test_a_missing_source_lowers_completeness_after_the_wait():
    one = joiner("a", "b")
    put(one, "a")
    assert one.take(89.0) == []
    assert [w.completeness for w in one.take(90.0)] == [0.5]


def test_one_missing_node_of_hundreds_spoils_the_window_all_the_same():
    one = joiner(*(f"n{i}" for i in range(300)))
    for i in range(299):
        put(one, f"n{i}")
    assert [w.completeness for w in one.take(90.0)] == [0.9]


def test_a_slice_that_nobody_delivered_is_incomplete_and_never_empty_evidence():
    one = joiner("a", "b")
    assert one.take(89.0) == []
    (window,) = one.take(90.0)
    assert (window.n, window.completeness) == (0, 0.0)
    put(one, "a")
    assert (one.take(100.0), one.late) == ([], 1)


def test_a_node_that_tells_one_slice_under_two_epochs_is_believed_neither_time():
    one = joiner("a", "b")
    put(one, "a", epoch=1)
    put(one, "a", epoch=2)
    put(one, "b")
    assert [(w.n, w.completeness) for w in one.take(90.0)] == [(200, 0.5)]
    assert one.contradicted == 1


def test_windows_of_different_exposure_are_never_pooled():
    one = joiner("a", "b", "c")
    for name, exposure in (("a", 0.1), ("b", 0.2), ("c", 0.1)):
        put(one, name, exposure=exposure)
    (window,) = one.take(60.0)
    assert (window.exposure, window.n) == (0.1, 400)
    assert window.completeness == pytest.approx(2 / 3)


def test_strangers_liars_and_clocks_that_run_ahead_do_not_count():
    one = joiner("a")
    assert not put(one, "b")
    assert not one.add(7, "a", 1, source("a"), 60.0)
    assert not one.add(0, "a", 1, replace(source("a"), completeness=2.0), 60.0)
    assert not one.add(0, "a", 1, replace(source("a"), units=source("a").units - 500), 60.0)
    assert one.refused == 4
    assert [w.completeness for w in one.take(90.0)] == [0.0]


def test_after_a_long_sleep_joining_goes_on_with_what_is_recent():
    one = joiner("a")
    assert len(one.take(60.0 * 1e6)) <= 2000
    put(one, "a", one.next)
    assert one.take(60.0 * (one.next + 1))[0].n == 200


def test_a_counter_reset_is_incomplete_and_never_negative():
    counters = Counters()
    assert counters.read("1", {"ok": 50.0}).counts == {}
    assert counters.read("1", {"ok": 70.0}) == ({"ok": 20.0}, True)
    assert counters.read("1", {"ok": 5.0}) == ({"ok": 5.0}, False)
    assert counters.read("2", {"ok": 9.0}) == ({"ok": 9.0}, False)


STAGES = st.lists(st.sampled_from((0.1, 0.3, 0.5)), min_size=6, max_size=6)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=60), stages=STAGES, cut=st.integers(0, 60))
def test_with_a_salt_per_stage_a_client_is_a_unit_once_a_stage(rows, stages, cut):
    rows = sorted(rows)
    windower = Windower(Grid(60.0, 2), assignment="salted_per_stage")
    for k, exposure in enumerate(stages):
        windower.exposed(exposure, 30.0 * k)
    for part in (rows[:cut], rows[cut:]):
        if part:
            windower.add(batch_of(part))
    windows = windower.close(180.0)

    wanted, seen, stage = [0] * 6, set(), 0
    for row in rows:
        k = int(row[0] // 30.0)
        stage = sum(stages[i] != stages[i - 1] for i in range(1, k + 1))
        if not row[5] & RESUMED and (stage, row[1]) not in seen:
            seen.add((stage, row[1]))
            wanted[k] += 1
    assert [window.n for window in windows] == wanted
    assert {window.assignment for window in windows} == {"salted_per_stage"}
