"""Channels without weight: the split, the times, the interval; each can hold, none rolls back."""

from dataclasses import replace
from math import comb, exp, pi

import numpy as np
import pytest

from simcert.detect import discover
from simcert.model import Verdict, Window
from simcert.model.window import TIME_BINS


def _rng() -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(3))


@pytest.mark.parametrize("e", [0.05, 0.5, 0.9])
@pytest.mark.parametrize("skew", [1 / 1.1, 1.0, 1.1])
def test_split_bet_is_an_e_variable_within_the_tolerance(e: float, skew: float) -> None:
    n, p = 12, e * skew / (1.0 - e + e * skew)
    mean = 0.0
    for k in range(n + 1):
        detector = discover()["split_e"]()
        detector.update(Window.of(new=(k, 0), old=(n - k, 0), exposure=e))
        mean += comb(n, k) * p**k * (1.0 - p) ** (n - k) * exp(detector.log_e)
    assert mean <= 1.0 + 1e-9


@pytest.mark.parametrize(("skew", "verdict"), [(1.0, "inconclusive"), (1.5, "fail"), (0.6, "fail")])
def test_split_finds_a_broken_split_and_nothing_else(skew: float, verdict: str) -> None:
    detector, rng, e = discover()["split_e"](), _rng(), 0.1
    share = e * skew / (1.0 - e + e * skew)
    for _ in range(100):
        n_new = int(rng.binomial(1000, share))
        detector.update(Window.of(new=(n_new, 0), old=(1000 - n_new, 0), exposure=e))
    assert detector.reading().verdict is Verdict(verdict)


def split(rng: np.random.Generator, e: float, n: int, odds: float = 1.0) -> Window:
    """Return a slice of n connections of which `new` gets `odds` times what the exposure says."""
    n_new = int(rng.binomial(n, e * odds / (1.0 - e + e * odds)))
    return Window.of(new=(n_new, 0), old=(n - n_new, 0), exposure=e)


@pytest.mark.parametrize("odds", [1 / 1.1, 1.0, 1.1])
def test_a_tolerated_split_is_held_at_most_with_probability_alpha_however_long(odds: float) -> None:
    rng, alpha, held = _rng(), 0.1, 0
    for _ in range(60):
        detector = discover()["split_e"](alpha=alpha)
        for _ in range(150):
            detector.update(split(rng, 0.1, 500, odds))
        held += detector.holds > 0
    assert held / 60 <= alpha


@pytest.mark.parametrize("e", [1e-4, 0.01, 0.3, 0.95])
@pytest.mark.parametrize("odds", [0.02, 2.0, 60.0])
def test_a_hold_ends_within_300_connections_of_the_smaller_arm_of_a_right_split(
    e: float, odds: float
) -> None:
    """And ten slices at least, where a slice has fewer than 30 of them."""
    rng, n = _rng(), 20_000
    detector = discover()["split_e"]()
    for _ in range(200):
        detector.update(split(rng, e, n))  # long right: nothing that was is set off against it
    for _ in range(60):
        detector.update(split(rng, e, n, odds))
    assert detector.reading().verdict is Verdict.FAIL

    for _ in range(max(10, round(300 / (n * min(e, 1.0 - e))))):
        detector.update(split(rng, e, n))

    assert detector.reading().verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("odds", [0.25, 1 / 1.5, 1.25, 2.0, 8.0])
def test_a_hold_stands_while_the_split_stays_broken(odds: float) -> None:
    rng, alpha, ended = _rng(), 0.02, 0
    for _ in range(25):
        detector = discover()["split_e"](alpha=alpha)
        while not detector.holds:
            detector.update(split(rng, 0.1, 1000, odds))
        for _ in range(150):
            detector.update(split(rng, 0.1, 1000, odds))
        ended += detector.holds > 1 or detector.reading().verdict is not Verdict.FAIL
    assert ended <= 1


@pytest.mark.parametrize("k", range(4))
def test_what_ends_a_hold_is_an_e_variable_while_the_odds_stay_off(k: int) -> None:
    """Each tilt has its own, restarts and all: every outcome of two slices is counted."""
    e, n = 0.3, 5
    for side, odds in ((0, (1.25, 1.5, 2.0, 4.0)[k]), (4, 1.0 / (1.25, 1.5, 2.0, 4.0)[k])):
        p, mean = e * odds / (1.0 - e + e * odds), 0.0
        for first in range(n + 1):
            for second in range(n + 1):
                detector = discover()["split_e"](log_shares=[0.0] * 8, log_r=[0.0] * 8, holds=1)
                chance = 1.0
                for new in (first, second):
                    window = Window.of(new=(new, 0), old=(n - new, 0), exposure=e)
                    detector.update(window)
                    chance *= comb(n, new) * p**new * (1.0 - p) ** (n - new)
                later = 1.0 / (detector.slices + 1.0)
                mean += chance * 0.5 * (exp(detector.log_r[side + k]) + later)
        assert mean == pytest.approx(1.0)


def test_a_break_after_a_long_right_split_is_found_as_fast_as_one_at_the_beginning() -> None:
    rng, needed = _rng(), []
    for right in (0, 2000):
        detector = discover()["split_e"]()
        for _ in range(right):
            detector.update(split(rng, 0.1, 1000))
        needed.append(0)
        while detector.reading().verdict is not Verdict.FAIL:
            detector.update(split(rng, 0.1, 1000, 2.0))
            needed[-1] += 1
    assert needed[1] <= needed[0] + 2


def test_each_hold_has_less_to_spend_and_what_was_is_forgotten() -> None:
    rng, detector, limits = _rng(), discover()["split_e"](), []
    for _ in range(3):
        limits.append(detector.reading().limit)
        for odds in (30.0, 1.0):
            for _ in range(5):
                detector.update(split(rng, 0.1, 1000, odds))
        assert detector.reading().verdict is Verdict.INCONCLUSIVE
    spent = sum(exp(-limit) for limit in limits)
    assert limits == sorted(limits)
    assert spent == pytest.approx(1e-4 * (1 + 1 / 4 + 1 / 9) * 6 / pi**2)
    assert detector.reading().log_e < 1.0


def test_a_slice_of_two_exposures_tells_nothing_of_the_split() -> None:
    detector = discover()["split_e"]()
    detector.update(Window.of(new=(500, 0), old=(500, 0), exposure=0.1, mixed=True))
    assert (detector.n, detector.log_e) == (0, 0.0)


def test_a_state_of_before_holds_could_end_goes_on_and_its_hold_ends() -> None:
    kept = {"tolerance": 1.1, "tilts": [1.25, 1.5, 2.0, 4.0], "alpha": 1e-4, "n": 24_000}
    log_s = [21.0, 50.0, 104.0, 217.0, -30.0, -90.0, -200.0, -400.0]
    rng, detector = _rng(), discover()["split_e"].from_dict(kept | {"log_s": log_s, "log_e": 215.0})
    assert detector.reading().verdict is Verdict.FAIL

    again = discover()["split_e"].from_dict(detector.to_dict())
    for one in (detector, again):
        rng = _rng()
        for _ in range(10):
            one.update(split(rng, 1e-4, 24_000))

    assert again.to_dict() == detector.to_dict()
    assert detector.reading().verdict is Verdict.INCONCLUSIVE
    with pytest.raises(TypeError, match="unheard"):
        discover()["split_e"].from_dict(kept | {"unheard": 1})


def _timed(rng: np.random.Generator, n_new: int, n_old: int, slower: float, drift: float) -> Window:
    hist = np.zeros((1, 2, TIME_BINS), np.int64)
    for arm, n, factor in ((0, n_old, 1.0), (1, n_new, slower)):
        times = 40.0 * drift * factor * np.exp(0.6 * rng.standard_normal(n))
        bins = np.clip(np.floor(10.0 * np.log10(times)).astype(int) + 1, 0, TIME_BINS - 1)
        hist[0, arm] = np.bincount(bins, minlength=TIME_BINS)
    return Window.of(new=(n_new, 0), old=(n_old, 0), time_hist=hist)


@pytest.mark.parametrize(
    ("slower", "verdict"), [(1.0, "inconclusive"), (1.2, "inconclusive"), (1.6, "fail")]
)
def test_times_hold_for_a_shift_beyond_the_tolerance_under_any_drift(
    slower: float, verdict: str
) -> None:
    detector, rng = discover()["time_quantile_e"](), _rng()
    for t in range(60):
        drift = 1.0 + 0.2 * np.sin(t / 5.0)
        detector.update(_timed(rng, 100, 900, slower, drift))
    assert detector.reading().verdict is Verdict(verdict)


def test_confidence_sequence_closes_around_the_effect_and_keeps_it() -> None:
    detector, rng = discover()["confidence_sequence"](), _rng()
    widths = []
    for _ in range(200):
        new, old = rng.binomial(600, 0.05), rng.binomial(1400, 0.02)
        detector.update(Window.of(new=(600, int(new)), old=(1400, int(old))))
        low, high = detector.interval
        assert low <= 0.03 <= high
        widths.append(high - low)
    assert widths[-1] < 0.04 < widths[0]


def test_suspicion_wakes_for_a_late_fault_and_sleeps_without_one() -> None:
    detector, rng = discover()["suspicion_cusum"](), _rng()
    for q1, alarms in ((0.02, 0), (0.04, 1)):
        for _ in range(30):
            new, old = rng.binomial(1900, q1), rng.binomial(100, 0.02)
            window = Window.of(new=(1900, int(new)), old=(100, int(old)), exposure=0.95)
            detector.update(window)
        assert (detector.alarms > 0) == bool(alarms)


def test_segment_suspicion_finds_a_rare_segment_that_the_average_hides() -> None:
    detector, rng = discover()["segment_cusum"](), _rng()
    shares = np.array([0.7, 0.298, 0.002])
    for t in range(60):
        units = np.zeros((3, 2, 2), np.int64)
        for arm, n in ((0, 1400), (1, 600)):
            total = rng.multinomial(n, shares)
            broken = np.array([0.02, 0.02, 1.0 if arm and t >= 40 else 0.02])
            units[:, arm, 1] = rng.binomial(total, broken)
            units[:, arm, 0] = total - units[:, arm, 1]
        names = ("desktop", "mobile", "rare")
        window = Window.empty(60.0 * t, 60.0 * t + 60.0, 0.3, names, ("ok", "close"), units=units)
        detector.update(window)
        assert detector.alarms == 0 or t >= 40
    assert detector.alarms > 0


def test_the_bound_falls_with_data_and_starts_afresh_when_the_exposure_falls() -> None:
    detector, rng = discover()["upper_bound"](), _rng()
    seen = []
    for e, n_new in [(0.3, 600)] * 40 + [(0.1, 200)]:
        new, old = rng.binomial(n_new, 0.02), rng.binomial(2000 - n_new, 0.02)
        detector.update(Window.of(new=(n_new, int(new)), old=(2000 - n_new, int(old)), exposure=e))
        seen.append(detector.value)
    assert seen[:-1] == sorted(seen[:-1], reverse=True)
    assert seen[-2] <= 0.0075
    assert seen[-1] > 0.03


def test_less_risk_is_a_wider_interval() -> None:
    found = []
    for alpha in (0.5, 0.05, 0.001):
        sequence = discover()["confidence_sequence"](alpha=alpha)
        for _ in range(20):
            sequence.update(Window.of(new=(5000, 100), old=(5000, 100)))
        found.append(sequence.interval)

    assert found == [(-0.001, 0.001), (-0.002, 0.002), (-0.0035, 0.0035)]


@pytest.mark.parametrize("assignment", ["salted_per_window", "salted_per_stage"])
def test_connections_that_share_a_coin_are_no_evidence_of_a_wrong_split(assignment: str) -> None:
    """40 networks of 50 connections each: a right split, 40 coins and not 2,000."""
    draw, split = np.random.default_rng(1), discover()["split_e"]()
    as_if_apart = discover()["split_e"]()
    for _ in range(20):
        n_new = 50 * int(draw.binomial(40, 0.1))
        one = Window.of(new=(n_new, 0), old=(2_000 - n_new, 0), exposure=0.1, assignment=assignment)
        split.update(one)
        as_if_apart.update(replace(one, assignment="per_connection"))

    assert as_if_apart.reading().verdict is Verdict.FAIL
    assert split.reading().verdict is Verdict.NO_DATA
