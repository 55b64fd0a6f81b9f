"""Detectors that watched disjoint units become one: what was bet in both counts once, and holds."""

from copy import deepcopy
from itertools import product
from math import comb, exp, isclose, log, sqrt

import numpy as np
import pytest

from simcert import checks
from simcert.checks.detectors import slice_of
from simcert.detect import discover
from simcert.detect.conditional_e import ConditionalE
from simcert.detect.segment_e import SegmentE
from simcert.detect.suspicion_cusum import SuspicionCusum
from simcert.detect.upper_bound import UpperBound
from simcert.errors import MergeError
from simcert.model import FEATURES, Mergeable, Verdict, Window
from simcert.model.window import TIME_BINS
from simcert.policy.adaptive import Adaptive

ROUNDING = 1e-9
MASS = {"first": 0.4, "later": 0.2, "release": 0.3}
ALPHA = 0.05


def bet(one, new, old, exposure=0.5, segment="all", k=0):
    window = Window.of(new=new, old=old, exposure=exposure, start_s=60.0 * k, end_s=60.0 * k + 60.0)
    object.__setattr__(window, "segments", (segment,))
    one.update(window)
    return one


def hypergeometric(n_new, n_old, f):
    chances = comb(n_new + n_old, f)
    for k in range(max(0, f - n_old), min(f, n_new) + 1):
        yield k, comb(n_new, k) * comb(n_old, f - k) / chances


def grown(outcomes, choose, segment):
    """Bet once more on every branch; `choose` is the adversary, who sees where it stands."""
    for p, one in outcomes:
        n_new, n_old, f, exposure = choose(one)
        for k, q in hypergeometric(n_new, n_old, f):
            yield p * q, bet(deepcopy(one), (n_new, k), (n_old, f - k), exposure, segment)


@pytest.mark.parametrize("f", [1, 4])
@pytest.mark.parametrize("cls", [ConditionalE, SegmentE])
@pytest.mark.parametrize("names", [("app", "app"), ("app", "browser")])
def test_what_two_restart_mixtures_are_merged_to_is_an_e_variable(cls, names, f):
    """Two windows each, the second source looking at the first, then two of both together.

    A single failure is the case in which a bet loses nothing on average: then the mean is 1, and
    mass that a merger lost or counted twice would show.
    """

    def worst(one):  # lower the exposure, which releases mass, where it looks bad
        return (2, 6, f, 0.2) if one.log_e > 0.0 else (5, 3, f, 0.6)

    def after(one):
        return (1, 4, f, 0.1 * 0.5**one.windows)

    total = 0.0
    fresh = cls(**MASS, thetas=(1.5, 4.0))
    for p, mine in grown(grown([(1.0, fresh)], worst, names[0]), worst, names[0]):
        theirs = [(1.0, deepcopy(fresh))]
        for _ in range(2):
            theirs = [*grown(theirs, lambda _, mine=mine: worst(mine), names[1])]
        both = [(q, mine.merge(one)) for q, one in theirs]
        both = [*grown(grown(both, after, names[1]), after, names[1])]
        total += p * sum(q * exp(one.log_e) for q, one in both)
        assert max(one.released for _, one in both) <= 1.0 + ROUNDING

    assert total <= 1.0 + ROUNDING
    assert f > 1 or total >= 1.0 - ROUNDING


def test_without_restarts_the_logs_of_wealth_add():
    """Each source was bet on with the share of its own: one detector of both never knew that."""
    a, b = (ConditionalE(thetas=(3.0,), restart=False) for _ in range(2))
    for k in range(5):
        bet(a, (50, 3 + k), (150, 4), k=k)
        bet(b, (80, 2), (20, k), k=k)
    merged = a.merge(b)

    assert merged.log_e == pytest.approx(a.log_e + b.log_e)
    before = merged.log_e
    alone = bet(ConditionalE(thetas=(3.0,), restart=False), (100, 9), (100, 3)).log_e
    assert bet(merged, (100, 9), (100, 3)).log_e - before == pytest.approx(alone)


@pytest.mark.parametrize("cls", [ConditionalE, SegmentE])
def test_half_a_proof_in_each_of_two_regions_is_one_together(cls):
    start = {"first": 0.8, "later": 0.02, "release": 0.18}
    regions = [cls(**start, thetas=(1.3, 2.2, 8.0)) for _ in range(2)]
    for one, k in product(regions, range(12)):
        bet(one, (300, 8), (2700, 54), exposure=0.1, segment="app", k=k)
    merged = regions[0].merge(regions[1])

    assert max(one.log_e for one in regions) < 0.5 * log(100.0)
    assert merged.log_e >= log(100.0)


def test_merged_evidence_seldom_reaches_a_proof_if_nothing_is_wrong():
    """P(ever 1 / alpha) <= alpha: 600 pairs of regions, chosen exposures, merged, flown on."""
    draw = np.random.default_rng(20)
    runs = 600
    found = 0
    for _ in range(runs):
        regions = [ConditionalE(**MASS, thetas=(1.5, 3.0)) for _ in range(2)]
        for one, k in product(regions, range(15)):
            slice_of_null(draw, one, k)
        merged = regions[0].merge(regions[1])
        reached = merged.log_e
        for k in range(15, 30):
            reached = max(reached, slice_of_null(draw, merged, k))
        found += reached >= -log(ALPHA)

    assert found <= runs * ALPHA + 3.0 * sqrt(runs * ALPHA * (1.0 - ALPHA))
    assert found >= 3, "bets that never come near would show nothing"


def slice_of_null(draw, one, k):
    exposure = 0.1 if one.log_e > 1.0 else 0.4
    q = 0.02 + 0.02 * (k % 5)  # both arms drift together
    n_new = draw.binomial(500, exposure)
    new, old = (n_new, draw.binomial(n_new, q)), (500 - n_new, draw.binomial(500 - n_new, q))
    return bet(one, new, old, exposure, k=k).log_e


@pytest.mark.parametrize("channel", Adaptive().channels(), ids=lambda one: one.name)
@pytest.mark.parametrize(
    "check", [one for one in checks.detector_checks() if "merge" in one.__name__]
)
def test_the_channels_of_adaptive_keep_the_laws(channel, check):
    cls = discover()[channel.detector]

    def with_params(self, **state):
        cls.__init__(self, **{**channel.params, **state})

    check(type(cls.__name__, (cls,), {"__slots__": (), "__init__": with_params}))


@pytest.mark.parametrize("stem", discover())
def test_every_detector_here_merges_and_refuses_other_parameters_by_name(stem):
    cls = discover()[stem]
    one = cls()
    assert isinstance(one, Mergeable)
    parameters = [
        f.name
        for f in cls.__dataclass_fields__.values()
        if f.init and "merge" not in f.metadata and isinstance(getattr(one, f.name), float | int)
    ]
    for name in parameters:
        other = cls()
        value = getattr(one, name)
        setattr(other, name, not value if isinstance(value, bool) else value * 0.75 + 0.01)
        with pytest.raises(MergeError, match=rf"\b({name}|thetas|first)\b"):
            one.merge(other)


def test_another_kind_is_refused():
    with pytest.raises(MergeError, match="ConditionalE and SegmentE"):
        ConditionalE().merge(SegmentE())


def test_rows_of_segments_that_only_one_side_knows_keep_their_evidence():
    a = bet(SegmentE(first=0.8, later=0.0), (100, 9), (100, 1), segment="app")
    b = bet(SegmentE(first=0.8, later=0.0), (100, 2), (100, 2), segment="kiosk")
    merged = a.merge(b)

    assert merged.names == ("app", "kiosk")
    ((one,), (two,)) = a.e, b.e
    assert merged.e.ravel() == pytest.approx([*one, *two])
    assert exp(merged.log_e) == pytest.approx((one + two) / 2.0)


def test_segments_beyond_the_maximum_share_the_last_row():
    sides = [
        bet(SegmentE(segments_max=2), (50, 5 + i), (50, 2), segment="abc"[i]) for i in range(3)
    ]
    merged = sides[0].merge(sides[1]).merge(sides[2])

    assert merged.names == ("a", "b")
    assert merged.e[1] == pytest.approx((sides[1].e[0] + sides[2].e[0]) / 2.0)
    assert len(bet(merged, (50, 5), (50, 5), segment="d").e) == 2


def test_a_bound_falls_with_what_both_know_and_rises_where_one_knows_of_harm():
    good = UpperBound()
    for k in range(6):
        bet(good, (400, 4), (600, 6), k=k)
    harmed = UpperBound()
    for k in range(6):
        bet(harmed, (400, 44), (600, 6), k=k)

    assert good.merge(deepcopy(good)).value < good.value < 1.0
    assert good.merge(harmed).value > good.value
    assert good.merge(harmed).merge(good).value == good.merge(good.merge(harmed)).value


def test_a_bound_of_before_mergers_is_read():
    good = UpperBound()
    for k in range(6):
        bet(good, (400, 4), (600, 6), k=k)
    state = good.to_dict()
    del state["log_rejected"]

    assert UpperBound.from_dict(state).merge(UpperBound()).value == good.value


def test_suspicion_is_at_least_that_of_each_side():
    calm, loud = SuspicionCusum(g=1.0, alarms=1), SuspicionCusum(g=3.0, alarms=2)

    merged = calm.merge(loud)
    assert (merged.g, merged.alarms) == (3.0, 3)


def test_a_hold_of_one_side_stays():
    broken, right = discover()["split_e"](), discover()["split_e"]()
    for k in range(8):
        bet(broken, (400, 0), (600, 0), exposure=0.2, k=k)
        bet(right, (200, 0), (800, 0), exposure=0.2, k=k)
    assert broken.left > 0.0

    assert broken.merge(right).left == right.merge(broken).left == broken.left
    both = broken.merge(deepcopy(broken))
    assert both.left == broken.left
    assert both.holds == 2
    assert isclose(both.n, 2 * broken.n)


def test_a_hold_begins_with_the_merger_that_proves_it():
    """A value above its limit is a hold, before the next window comes and after a restart."""
    half = discover()["split_e"]()
    for k in range(3):
        bet(half, (245, 0), (755, 0), exposure=0.2, k=k)
    merged = half.merge(deepcopy(half))

    assert half.reading().verdict is not Verdict.FAIL
    assert merged.log_e >= merged.limit
    assert merged.reading().verdict is Verdict.FAIL
    assert type(half).from_dict(merged.to_dict()).reading() == merged.reading()


def test_a_merged_bound_seldom_excludes_the_true_harm():
    """P(U <= delta, ever) <= alpha: 300 pairs of regions whose harm is delta, to the digit."""
    draw = np.random.default_rng(21)
    runs, alpha, delta = 300, 0.2, 0.05
    wrong = 0
    for _ in range(runs):
        regions = [UpperBound(alpha=alpha, deltas=(delta, 0.5)) for _ in range(2)]
        for one, k in product(regions, range(8)):
            slice_of_harm(draw, one, k, delta)
        merged = regions[0].merge(regions[1])
        values = [merged.value]
        values += [slice_of_harm(draw, merged, k, delta) for k in range(8, 16)]
        wrong += min(values) <= delta

    assert wrong <= runs * alpha + 3.0 * sqrt(runs * alpha * (1.0 - alpha))
    assert wrong >= 5, "a bound that never comes near shows nothing"


def slice_of_harm(draw, one, k, delta):
    new, old = (18, draw.binomial(18, 0.03 + delta)), (42, draw.binomial(42, 0.03))
    return bet(one, new, old, 0.3, k=k).value


def test_of_what_a_merged_confidence_sequence_rejected_only_the_sure_part_stays():
    """The product of two maxima was perhaps never reached; its present value is."""
    one, two = (discover()["confidence_sequence"](deltas=(0.0, 0.1)) for _ in range(2))
    one.log_n, one.highest = np.array([1.0, -4.0]), np.array([5.0, 2.0])
    two.log_n, two.highest = np.array([0.5, -1.0]), np.array([2.0, 0.0])

    assert one.merge(two).highest.tolist() == [1.5, 0.0]
    assert one.merge(type(one)(deltas=(0.0, 0.1))).highest.tolist() == [5.0, 2.0]


@pytest.mark.parametrize("e", [0.2, 0.5])
def test_evidence_of_two_splits_is_an_e_variable(e):
    """Coins of probability e, bet on to the last: the mean over all outcomes is 1."""
    fresh = discover()["split_e"](tolerance=1.0, tilts=(1.5, 4.0))

    def tossed(outcomes, n):
        for p, one in outcomes:
            for k in range(n + 1):
                chance = comb(n, k) * e**k * (1.0 - e) ** (n - k)
                yield p * chance, bet(deepcopy(one), (k, 0), (n - k, 0), e)

    mine = [*tossed(tossed([(1.0, fresh)], 4), 3)]
    theirs = [*tossed([(1.0, fresh)], 5)]
    both = [(p * q, a.merge(b)) for (p, a), (q, b) in product(mine, theirs)]
    total = sum(p * exp(one.log_e) for p, one in tossed(tossed(both, 2), 2))

    assert total == pytest.approx(1.0, abs=ROUNDING)


def test_batches_of_two_exposures_are_bet_on_apart():
    """Halfway through a window: pooled, the exposures would confound what was lost."""
    sides = [discover()["feature_e"](), discover()["feature_e"]()]
    for one, exposure in zip(sides, (0.1, 0.3), strict=True):
        one.update(slice_of(0, exposure))
    merged = sides[0].merge(sides[1])
    for one in sides:
        one._bet()

    assert merged.batch == []
    assert merged.log_e == sides[0].merge(sides[1]).log_e != 0.0


def test_a_side_without_a_whole_window_is_not_pooled_with_another_exposure():
    """Nine in ten have it in one region, half in the other, with both certificates: no loss."""
    few, many = discover()["feature_e"](), discover()["feature_e"]()
    few.update(with_tls13(0, 0.05, 0.9, 40_000))
    for k in range(43):
        many.update(with_tls13(k, 0.5, 0.5, 4_000))
    for merged in (few.merge(many), many.merge(few)):
        for k in range(43, 64):
            merged.update(with_tls13(k, 0.5, 0.5, 4_000))
        assert merged.log_e <= 0.0


def test_mergers_in_the_middle_of_a_window_have_no_order_either():
    a, b, c = (discover()["feature_e"]() for _ in range(3))
    for one, exposure, share, new in ((a, 0.2, 0.6, 0.19), (b, 0.4, 0.5, 0.4), (c, 0.2, 0.9, 0.22)):
        for k in range(5):
            one.update(with_tls13(k, exposure, share, 4_000, new))
    one, two = a.merge(b).merge(c), a.merge(c).merge(b)
    for k in range(5, 45):
        assert one.log_s == pytest.approx(two.log_s)
        assert one.log_e == pytest.approx(two.log_e)
        one.update(with_tls13(k, 0.3, 0.7, 4_000))
        two.update(with_tls13(k, 0.3, 0.7, 4_000))


def test_metrics_of_before_mergers_are_read():
    cls = discover()["success_rate"]
    one = bet(cls(), (100, 9), (100, 1))
    state = one.to_dict()
    del state["closed"]

    assert cls.from_dict(state).merge(cls.from_dict(state)).reading() == one.reading()


def with_tls13(k, exposure, share, n, new=None):
    """Half a window of successes, the same `share` of which have TLS 1.3 in both arms."""
    new = exposure if new is None else new  # what chance made of it
    ok = np.array([(1.0 - new) * n, new * n]).astype(int)
    times, features = np.zeros((1, 2, TIME_BINS), int), np.zeros((1, 2, len(FEATURES)), int)
    times[0, :, 10], features[0, :, FEATURES.index("tls13")] = ok, (share * ok).astype(int)
    at = {"slice_index": k % 2, "slices": 2, "time_hist": times, "features": features}
    return Window.empty(30.0 * k, 30.0 * (k + 1), exposure, ("all",), ("ok",), **at)
