"""One source adds a bounded number of units and failures, whatever it does; arms play no part."""

from collections import Counter
from math import log, log1p
from operator import itemgetter

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simcert import lab
from simcert.control import _purses
from simcert.control._leverage import rows_of, signal_of
from simcert.control._purses import Purses
from simcert.control.influence import Influence, Limits
from simcert.control.windowing import Grid, Windower
from simcert.detect.feature_e import FeatureE
from simcert.detect.old_arm_e import OldArmE
from simcert.detect.time_quantile_e import TimeQuantileE
from simcert.model import FEATURES, RecordBatch, Verdict, Window
from simcert.policy._adaptive_channels import ALERT_THETAS, FAILURE_THETAS, START

OUTCOMES = ("ok", "alert:unknown_ca")
SLICES = 2
VILLAIN = 7
FLOOR_THETAS = (1.6, 4.0)  # of old_arm
TLS13 = 1 << FEATURES.index("tls13")
ROW = st.tuples(st.floats(0.0, 599.0), st.integers(0, 400), st.booleans(), st.booleans())


def batch_of(rows, source):
    """Rows of (start, client, new arm, failed); `source` names the source of a client."""
    start, client, new, failed = (np.array(x) for x in zip(*rows, strict=True))
    n = len(rows)
    ones = np.ones(n, np.uint8)
    return RecordBatch(
        ("all",),
        OUTCOMES,
        start.astype(float),
        start.astype(float),
        np.full(n, 40.0, np.float32),
        client.astype(np.int64),
        ones * 0,
        new.astype(np.uint8),
        failed.astype(np.uint8),
        np.zeros(n, np.uint16),
        ones,
        source(client).astype(np.int64),
    )


def flown(rows, source, limits=None):
    windower = Windower(Grid(60.0, SLICES), limits=limits or Limits())
    windower.exposed(0.5, 0.0)
    closed = []
    for number in range(10 * SLICES):
        low, high = number * 60.0 / SLICES, (number + 1) * 60.0 / SLICES
        if here := [row for row in sorted(rows, key=itemgetter(0)) if low <= row[0] < high]:
            windower.add(batch_of(here, source))
        closed += windower.close(high)
    return closed


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=80))
def test_one_source_alone_adds_what_the_limits_say_and_no_more(rows):
    windows = flown(rows, lambda client: client * 0 + VILLAIN)
    n, failed, rate = 0, 0, 0.0
    for sent, window in enumerate(windows, 1):
        assert window.n <= 1  # the share of a slice, of a site that has no other traffic
        rate = max(rate, (failed + 1.0) / (n + 50.0))
        n += window.n
        failed += window.tally().f_new + window.tally().f_old
        assert failed <= Limits().failing(10.0, sent, rate)


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=80), coins=st.randoms(use_true_random=False))
def test_who_counts_does_not_depend_on_arms(rows, coins):
    # so, given who counts, the arms are still as random as the coin that drew them
    tossed = [(*row[:2], coins.random() < 0.3, row[3]) for row in rows]
    one, other = (flown(some, lambda client: client // 50 + 1) for some in (rows, tossed))
    assert [w.units.sum(axis=1).tolist() for w in one] == [
        w.units.sum(axis=1).tolist() for w in other
    ]


def alike(source):
    """Return rows of evidence of failures that are all of one kind."""
    return rows_of(source * 0, source * 0 + 1)


def slice_of(n, failed, exposure=0.5):
    return Window.of(new=(0, 0), old=(n, failed), exposure=exposure)


def honest(rng, n=2_000):
    return [(float(t), 1_000 + i, bool(i % 2), False) for i, t in enumerate(rng.uniform(0, 600, n))]


def own(client):
    return np.where(client < 1_000, VILLAIN, client)


@pytest.mark.parametrize("fails", [True, False])
def test_a_flood_from_one_source_moves_counts_by_its_share(fails):
    rng = np.random.default_rng(3)
    good = honest(rng)
    flood = [(float(t), i % 1_000, True, fails) for i, t in enumerate(rng.uniform(0, 600, 9_000))]
    calm, flooded = flown(good, own), flown([*good, *flood], own)
    for before, after in zip(calm[2:], flooded[2:], strict=True):
        assert after.n - before.n <= max(1, 0.025 * before.n)
    failed = sum(w.tally().f_new for w in flooded)
    assert failed <= Limits().failing(10.0, 40, 0.02)
    assert failed == fails


def test_rows_without_a_source_and_sources_of_their_own_are_all_counted():
    good = honest(np.random.default_rng(4))
    free = flown(good, lambda client: client * 0)
    assert sum(w.n for w in free) == len(good)
    assert [w.to_dict() for w in flown(good, own)] == [w.to_dict() for w in free]


def test_a_purse_fills_ever_more_slowly_and_with_the_units_sent():
    limits = Limits()
    assert [limits.failing(w, 0, 0.02) for w in (0, 59, 60, 179, 180, 1440)] == [1, 1, 2, 2, 3, 5]
    assert limits.failing(0.0, 1_000, 0.02) == 41
    influence = Influence(limits, 1)
    influence.closed(0, slice_of(5_000, 100))
    source, failed = np.full(1_000, VILLAIN), np.ones(1_000, bool)
    counted = [int(influence.admit(i, source, failed, alike(source)).sum()) for i in range(1, 61)]
    assert sum(counted) <= limits.failing(60.0, sum(counted) + influence.left_out, 0.02)


def test_how_rows_come_in_batches_changes_nothing():
    rng, few, one = np.random.default_rng(7), Influence(Limits(), 1), Influence(Limits(), 1)
    for number in range(30):
        source, failed = rng.integers(1, 40, 300), rng.random(300) < 0.1
        rows = alike(source)
        whole = one.admit(number, source, failed, rows)
        cuts = [slice(k, k + 7) for k in range(0, 300, 7)]
        parts = [few.admit(number, source[k], failed[k], rows[k]) for k in cuts]
        assert np.concatenate(parts).tolist() == whole.tolist()
        for each in (one, few):
            each.closed(number, slice_of(int(whole.sum()), int((whole & failed).sum())))


@pytest.mark.parametrize(
    ("stem", "end"), [("poisoning", "complete"), ("good_flood", "rolled_back")]
)
def test_attacks_of_one_network_do_not_decide(stem, end):
    result = lab.run(stem, policy="adaptive", seed=1)
    assert result.end == end
    assert max(e for t, e, _ in result.exposure if t < 3_600.0) < 0.35


def plain(limits, slices, most):
    """Return `admit` and `closed` of one row at a time: the law in its shortest form."""
    purses, totals = {}, [0, 0]

    def admit(number, source, failed):
        kept = []
        for name, bad in zip(source.tolist(), failed.tolist(), strict=True):
            if bad and name not in purses:
                purses[name] = [number, 0, 0]
                assert len(purses) <= most
            within, purse = True, purses.get(name)
            if purse is not None:
                purse[1] += 1
            if bad:
                rate = (totals[1] + 1.0) / (totals[0] + 50.0)
                since = (number - purse[0]) / slices
                within = purse[2] < limits.failing(since, purse[1], rate)
                purse[2] += within
            kept.append(within)
        return kept

    def closed(n, failed):
        totals[0] += n
        totals[1] += failed

    return admit, closed


ROWS = st.lists(st.tuples(st.integers(1, 5), st.booleans()), max_size=30)


@settings(max_examples=60, deadline=None)
@given(batches=st.lists(ROWS, max_size=6), patience=st.sampled_from([1.0, 60.0]))
def test_whole_columns_are_judged_as_one_row_after_the_other(batches, patience):
    limits = Limits(share=1.0, patience_windows=patience)
    influence, (admit, closed) = Influence(limits, SLICES), plain(limits, SLICES, 5)
    influence.closed(0, slice_of(100, 0))
    closed(100, 0)

    for number, rows in enumerate(batches, 1):
        source = np.array([name for name, _ in rows], np.int64)
        failed = np.array([bad for _, bad in rows], bool)
        found = influence.admit(number, source, failed, alike(source))
        assert found.tolist() == admit(number, source, failed)
        influence.closed(number, slice_of(100, 3))
        closed(100, 3)


NAMES = st.sets(st.integers(-(10**18), 10**18), max_size=40)


@example(opened=[{*range(i, i + 40)} for i in range(0, 240, 40)], moved=7)
@given(opened=st.lists(NAMES, max_size=12), moved=st.integers(1, 50))
def test_purses_are_those_of_a_plain_table_and_take_no_memory_as_they_fill(opened, moved):
    purses, plain = Purses(100), {}
    columns = (purses.names, purses.first, purses.units, purses.failed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_purses, "MOVED", moved)
        for number, names in enumerate(opened):
            fresh = names - plain.keys()
            if len(plain) + len(fresh) > 100:
                oldest = sorted(sorted(plain), key=plain.get)  # of one slice, the lowest name
                for one in oldest[: max(len(fresh), 100 // 16)]:
                    del plain[one]
            purses.open(np.array([*fresh], np.int64), number)
            plain |= dict.fromkeys(fresh, number)
            here, n = sorted(plain), len(purses)

            assert purses.names[:n].tolist() == here
            assert purses.first[:n].tolist() == [plain[one] for one in here]
            at, known = purses.places(np.array([*here, 2 * 10**18], np.int64))
            assert known.tolist() == [True] * n + [False]
            assert at[:n].tolist() == [*range(n)]
    now = (purses.names, purses.first, purses.units, purses.failed)
    assert all(one is before for one, before in zip(now, columns, strict=True))
    assert sum(one.nbytes for one in now) == 20 * 100


def test_what_a_source_spent_stays_its_own_when_others_come_in_between():
    purses, dice = Purses(50_000), np.random.default_rng(1)
    spent = {}
    for number in range(20):
        fresh = np.unique(dice.integers(0, 10**9, 2000))
        fresh = fresh[~purses.places(fresh)[1]]
        purses.open(fresh, number)
        purses.failed[purses.places(fresh)[0]] = fresh % 97
        spent |= {int(one): int(one) % 97 for one in fresh}
    n = len(purses)

    assert dict(zip(purses.names[:n].tolist(), purses.failed[:n].tolist(), strict=True)) == spent


def test_the_oldest_make_room():
    purses = Purses(1000)
    for number in range(200):
        fresh = np.arange(20, dtype=np.int64) + 20 * number
        purses.open(fresh[~purses.places(fresh)[1]], number)

    assert 900 < len(purses) <= 1000
    assert purses.first[: len(purses)].min() >= 150  # none of the newest is gone


KINDS = st.tuples(st.integers(1, 4), st.integers(0, 1), st.integers(1, 3), st.booleans())
EXPOSURES = st.sampled_from((0.001, 0.05, 0.5, 0.95))
SLICE = st.tuples(EXPOSURES, st.lists(KINDS, max_size=25))
OPEN = Limits(share=0.9, fair=1e6)  # all other limits are wide


@settings(max_examples=60, deadline=None)
@given(flight=st.lists(SLICE, max_size=8))
def test_in_no_row_a_source_weighs_more_than_its_share_of_what_all_are_expected_to_fail(flight):
    outcomes = ("ok", "alert:unknown_ca", "alert:handshake_failure", "close")
    influence, expected, counted = Influence(OPEN, 1), Counter(), Counter()
    influence.closed(0, slice_of(10_000, 0))
    for number, (exposure, rows) in enumerate(flight, 1):
        units = np.zeros((2, 2, 4), np.int64)
        units[0, 0, 0] = 10_000
        for source, segment, outcome, failed in rows:
            outcome *= failed
            row = rows_of(np.array([segment]), np.array([signal_of(outcomes[outcome])]))
            bad = np.array([failed])
            (kept,) = influence.admit(number, np.array([source]), bad, row)
            keys = [(source, one) for one in row[0].tolist()] if failed else []
            spare = all(
                counted[key] + 1 <= 1 + OPEN.leverage * expected[key[1]] + 1e-9 for key in keys
            )
            assert kept == spare  # the first always
            counted.update(keys if kept else ())
            units[segment, int(rng_arm(source, number)), outcome] += kept
        influence.closed(number, window_of(units, outcomes, exposure))
        for segment, outcome in zip(*np.nonzero(units[:, :, 1:].sum(axis=1)), strict=True):
            many = int(units[segment, :, outcome + 1].sum())
            row = rows_of(np.array([segment]), np.array([signal_of(outcomes[outcome + 1])]))
            expected.update(dict.fromkeys(row[0].tolist(), min(exposure, 1.0 - exposure) * many))


def rng_arm(source, number):
    return (source + number) % 2  # arms play no part


def window_of(units, outcomes, exposure):
    return Window.empty(
        0.0, 60.0, exposure, ("a", "b"), outcomes, units=units, attempts=units.copy()
    )


def test_where_one_source_may_be_all_of_the_traffic_others_are_no_measure():
    influence = Influence(Limits(share=1.0, fair=1e6), 1)
    influence.closed(0, slice_of(1_000, 10))
    source, failed = np.full(50, VILLAIN), np.ones(50, bool)

    assert influence.admit(1, source, failed, alike(source)).all()


@pytest.mark.parametrize("ordered", [True, False])
def test_who_floods_and_refuses_the_new_one_does_not_decide_how_long_handshakes_take(ordered):
    # his handshakes go well with the old certificate only, and are fast: the new one looked slow
    rng = np.random.default_rng(5)
    windower, slow, lost = Windower(Grid(60.0), ordered=ordered), TimeQuantileE(), FeatureE()
    windower.exposed(0.3, 0.0)
    for number in range(20):
        start_s = 60.0 * number + np.sort(rng.uniform(0.0, 60.0, 1_200))
        hostile = rng.random(1_200) < 0.75
        client = np.where(hostile, rng.integers(0, 10, 1_200), 1_000 + np.arange(1_200))
        new = rng.random(1_200) < 0.3
        batch = batch_of([*zip(start_s, client, new, hostile & new, strict=True)], own)
        batch.handshake_ms[hostile] = 5.0
        batch.features[:] = np.where(hostile | (rng.random(1_200) < 0.5), TLS13, 0)
        windower.add(batch)
        for window in windower.close(60.0 * (number + 1)):
            slow.update(window)
            lost.update(window)

    assert slow.log_e < 0.0
    assert lost.log_e < 0.0


@pytest.mark.parametrize("r", [1e-4, 0.05, 0.3, 0.5, 0.7, 0.95])
@pytest.mark.parametrize("theta", sorted({*FAILURE_THETAS, *ALERT_THETAS, *FLOOR_THETAS}))
def test_who_fails_as_much_as_he_may_among_others_loses_every_bet(theta, r):
    # all of his failing units in one arm, whose share is r, beside others that fail in both
    his = Limits().leverage * min(r, 1.0 - r)
    share = (r + his) / (1.0 + his)
    assert share * log(theta) < log1p(r * (theta - 1.0))


@pytest.mark.parametrize("seed", [0, 1])
def test_who_refuses_the_old_one_does_not_make_it_the_one_that_fails(seed):
    # else no rollback would be left: the floor of `adaptive` asks `old_arm` in the soak
    rng, windower = np.random.default_rng(seed), Windower(Grid(60.0))
    windower.exposed(0.95, 0.0)
    old_arm = OldArmE(**START, thetas=FLOOR_THETAS)
    for number in range(120):
        hostile = rng.random(320) < 20 / 320
        client = np.where(hostile, np.arange(320), 1_000 + 1_000 * number + np.arange(320))
        new = rng.random(320) < 0.95
        failed = np.where(hostile, ~new, rng.random(320) < 0.012)
        start_s = 60.0 * number + np.sort(rng.uniform(0.0, 59.0, 320))
        windower.add(batch_of([*zip(start_s, client, new, failed, strict=True)], own))
        for window in windower.close(60.0 * (number + 1)):
            old_arm.update(window)
            assert old_arm.reading().verdict is not Verdict.FAIL
