"""The unit of a client is the handshake that it began first, whatever is heard of first."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcert.control._candidates import Candidates
from simcert.control._cells import Labels
from simcert.control.windowing import Grid, Windower
from simcert.detect.conditional_e import ConditionalE
from simcert.model import RecordBatch

OUTCOMES = ("ok", "close", "hang")
OLD, NEW = 0, 1
ROW = st.tuples(
    st.floats(0.0, 119.0),
    st.integers(0, 6),
    st.integers(0, 1),
    st.integers(0, 2),
    st.integers(0, 1),
    st.integers(1, 3),
)


def batch_of(rows, *, told):
    """Rows of (start, client, arm, outcome, resumed, network); `told`: their networks are known."""
    start, client, arm, outcome, resumed, source = (np.array(x) for x in zip(*rows, strict=True))
    n = len(rows)
    return RecordBatch(
        ("a", "b"),
        OUTCOMES,
        start.astype(float),
        start.astype(float),
        np.full(n, 40.0, np.float32),
        client.astype(np.int64),
        (client % 2).astype(np.uint8),
        arm.astype(np.uint8),
        outcome.astype(np.uint8),
        resumed.astype(np.uint16),
        np.zeros(n, np.uint8),
        source.astype(np.int64) if told else None,
    )


def windows(parts, assignment="per_connection", *, told=True, ordered=False, looks=(0, 0, 0)):
    """Return what is cut of parts; `looks`: before which of them each exposure was heard of."""
    windower = Windower(Grid(60.0, 2), assignment=assignment, grace_s=12.0, ordered=ordered)
    for k in range(len(parts) + 1):
        for exposure, from_s, look in zip((0.1, 0.5, 0.6), (0.0, 44.0, 56.0), looks, strict=True):
            if look == k:
                windower.exposed(exposure, from_s)
        if parts[k:] and parts[k]:
            windower.add(batch_of(parts[k], told=told))
    return windower.close(132.0)


@settings(max_examples=80, deadline=None)
@given(
    rows=st.lists(ROW, min_size=1, max_size=60, unique_by=lambda row: row[0]),
    heard=st.randoms(use_true_random=False),
    cut=st.integers(0, 60),
    told=st.booleans(),
    looks=st.tuples(*[st.integers(0, 2)] * 3).map(sorted),
    assignment=st.sampled_from(("per_connection", "salted_per_stage")),
)
def test_windows_do_not_depend_on_when_rows_and_exposures_are_heard_of(
    rows, heard, cut, told, looks, assignment
):
    began = sorted(rows)
    wanted = windows([began], assignment, told=told, ordered=True)
    heard.shuffle(rows)
    found = windows([rows[:cut], rows[cut:]], assignment, told=told, looks=looks)

    assert [one.n for one in found] == [one.n for one in wanted]
    names = ("units", "attempts", "resumed", "time_hist", "features")
    for mine, theirs in zip(found, wanted, strict=True):
        for name in names:
            assert getattr(mine, name).sum(0).tolist() == getattr(theirs, name).sum(0).tolist()


def test_a_client_that_hangs_and_comes_again_is_a_unit_that_hung():
    again, hung = (3.0, 1, OLD, 0, 0, 1), (1.0, 1, NEW, 2, 0, 1)  # the hanging one is told last
    (first, *_) = windows([[again], [hung]])

    assert (first.n, first.units[:, NEW, first.outcomes.index("hang")].sum()) == (1, 1)


def test_what_was_told_before_an_exposure_is_no_unit_of_a_slice_that_the_exposure_rules():
    before, after = (3.0, 1, NEW, 1, 0, 1), (50.0, 2, OLD, 0, 0, 2)
    windower = Windower(Grid(60.0), ordered=False)
    windower.exposed(0.05, 0.0)
    windower.add(batch_of([before], told=True))
    windower.exposed(0.5, 5.0)
    windower.add(batch_of([after], told=True))
    (window,) = windower.close(60.0)

    assert (window.exposure, window.tally()) == (0.5, (0, 0, 1, 0))
    assert window.attempts.sum() == 2


def race(rng, exposure, *, ordered):
    """Return evidence when clients open two connections at once, and `new` takes 5 ms longer.

    Whatever the arm, one connection in 50 breaks off at once.
    """
    test = ConditionalE()
    for _ in range(20):
        n = 300
        start_s = np.sort(rng.uniform(0.0, 59.0, n)).repeat(2)
        start_s[1::2] += 1e-4
        arm = rng.random(2 * n) < exposure
        broken = rng.random(2 * n) < 0.02
        heard_s = start_s + np.where(broken, 0.001, 0.040 + 0.005 * arm)
        rows = zip(start_s, np.arange(n).repeat(2), arm, broken, arm * 0, arm * 0, strict=True)
        rows = [row for _, row in sorted(zip(heard_s.tolist(), rows, strict=True))]
        windower = Windower(Grid(60.0), ordered=ordered)
        windower.exposed(exposure, 0.0)
        windower.add(batch_of(rows, told=False))
        for window in windower.close(60.0):
            test.update(window)
    return test.log_e


@pytest.mark.parametrize("exposure", [0.1, 0.5])
def test_a_slower_certificate_that_breaks_nothing_is_no_evidence(exposure):
    log_100 = np.log(100.0)
    assert race(np.random.default_rng(1), exposure, ordered=True) > 2 * log_100  # as it was heard
    found = [race(np.random.default_rng(seed), exposure, ordered=False) for seed in range(20)]

    assert max(found) < log_100


def test_of_too_many_rows_those_so_far_are_judged_and_no_client_counts_twice():
    rows = [(float(i % 25), i % 7, i % 2, i % 2, 0, i % 7 + 1) for i in range(100)]
    with patch("simcert.control.windowing.HELD_MAX", 10):
        found = windows([rows[i : i + 4] for i in range(0, 100, 4)], told=False)

    assert [one.n for one in found] == [7, 0, 0, 0]
    assert sum(int(one.attempts.sum()) for one in found) == 100


def test_batches_without_a_candidate_take_no_room():
    batch, held = batch_of([(1.0, 1, OLD, 0, 1, 1)], told=True), Candidates()
    for _ in range(3):
        held.add(batch, Labels().codes(batch), np.array([], np.int64))

    assert held.take() is None
