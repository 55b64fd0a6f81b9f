"""The concept's metrics: each against numbers that can be worked out on paper."""

import re

import numpy as np
import pytest

from simcert.detect import discover
from simcert.model import FEATURES, TIME_EDGES_MS, Verdict, Window
from simcert.model.window import TIME_BINS

MADE = discover()


def minute(k=0, new=(100, 0), old=(100, 0), **rest):
    start_s = rest.pop("start_s", 60.0 * k)
    return Window.of(new=new, old=old, start_s=start_s, end_s=start_s + 60.0, **rest)


def after(detector, *windows):
    for window in windows:
        detector.update(window)
    return detector.reading()


def test_success_rate_is_that_of_the_last_window():
    reading = after(MADE["success_rate"](limit=0.9), minute(0, (100, 50)), minute(1, (100, 8)))
    assert (reading.value, reading.n, reading.verdict) == (0.92, 100, Verdict.PASS)


@pytest.mark.parametrize(
    ("failed", "verdict"),
    [
        ((20, 0, 0), Verdict.PASS),
        ((20, 0, 20), Verdict.FAIL),
        ((20, 20, 0, 0), Verdict.PASS),
    ],
)
def test_an_alarm_wants_m_of_n_datapoints(failed, verdict):
    detector = MADE["success_rate"](limit=0.9, datapoints=2, of=3)
    assert after(detector, *(minute(k, (100, f)) for k, f in enumerate(failed))).verdict is verdict


def test_windows_without_data_are_no_datapoints():
    detector = MADE["success_rate"](limit=0.9, datapoints=2, of=2)
    reading = after(detector, minute(0, (9, 9)), minute(1, (0, 0)), minute(2, (9, 9)))
    assert reading.verdict is Verdict.FAIL


def test_slices_are_summed_up_to_their_window():
    detector = MADE["success_rate"](limit=0.9)
    half = {"slices": 2}
    detector.update(minute(0, (100, 100), slice_index=0, **half))
    assert detector.reading().verdict is Verdict.NO_DATA
    detector.update(minute(0, (900, 0), start_s=30.0, slice_index=1, **half))
    assert detector.reading().value == 0.9


def test_success_over_all_connections_counts_resumed_ones():
    attempts = np.array([[[90, 10], [800, 0]]], np.int64)
    detector = MADE["success_rate"](arm="both", over="attempts")
    assert after(detector, minute(0, attempts=attempts)).value == pytest.approx(890 / 900)


def timed(new_bin, old_bin, n=100):
    times = np.zeros((1, 2, TIME_BINS), np.int64)
    times[0, 0, old_bin] = times[0, 1, new_bin] = n
    return minute(0, (n, 0), (n, 0), time_hist=times)


@pytest.mark.parametrize(("new_bin", "verdict"), [(17, Verdict.PASS), (19, Verdict.FAIL)])
def test_handshake_time_is_held_against_the_old_arm(new_bin, verdict):
    reading = after(MADE["handshake_time"](ratio=1.5), timed(new_bin, 17))
    assert reading.verdict is verdict
    assert reading.detail["new_ms"] == pytest.approx(
        TIME_EDGES_MS[new_bin - 1] * 10 ** (0.1 * 0.95), rel=1e-9
    )


def test_handshake_time_is_held_against_a_limit():
    assert after(MADE["handshake_time"](ratio=None, limit_ms=30.0), timed(17, 17)).limit == 30.0
    assert after(MADE["handshake_time"](ratio=None, limit_ms=30.0), timed(17, 17)).verdict is (
        Verdict.FAIL
    )


@pytest.mark.parametrize(("share", "verdict"), [(0.90, Verdict.PASS), (0.60, Verdict.FAIL)])
def test_feature_negotiation_is_held_against_the_old_arm(share, verdict):
    n = 1000
    times = np.zeros((1, 2, TIME_BINS), np.int64)
    times[0, :, 17] = n
    features = np.zeros((1, 2, len(FEATURES)), np.int64)
    features[0, 0, 1], features[0, 1, 1] = 0.9 * n, share * n
    window = minute(0, (n, 0), (n, 0), time_hist=times, features=features)
    assert after(MADE["feature_rate"](feature="tls13"), window).verdict is verdict


@pytest.mark.parametrize(("failed", "verdict"), [(2, Verdict.PASS), (20, Verdict.FAIL)])
def test_error_codes_have_a_limit(failed, verdict):
    reading = after(MADE["error_codes"](limit=0.01), minute(0, (100, failed)))
    assert reading.verdict is verdict
    rate = max(0.01, failed / 200)
    assert reading.limit == pytest.approx(0.01 + 4 * (rate * (1 - rate) / 100) ** 0.5)


def test_other_errors_are_not_this_error():
    window = minute(0, (100, 50), outcome="close")
    assert after(MADE["error_codes"](limit=0.01), window).verdict is Verdict.PASS


def test_moving_average_forgets_what_is_older_than_its_span():
    detector = MADE["moving_average"](span_s=120.0)
    assert after(detector, minute(0, (100, 100)), minute(1, (300, 0))).value == 0.75
    assert after(detector, minute(2, (100, 20))).value == 0.95


@pytest.mark.parametrize(
    ("limits", "verdict"),
    [({"low": 0.95}, Verdict.FAIL), ({"low": 0.8}, Verdict.PASS), ({}, Verdict.INCONCLUSIVE)],
)
def test_moving_average_has_limits_only_if_given(limits, verdict):
    assert after(MADE["moving_average"](**limits), minute(0, (100, 10))).verdict is verdict


def test_standard_deviations_are_those_of_the_windows_before():
    detector = MADE["standard_deviation"](windows_min=5)
    calm = [minute(k, (100, 1), (1000, 10)) for k in range(6)]
    assert after(detector, *calm).verdict is Verdict.PASS
    reading = after(detector, minute(6, (100, 10), (1000, 10)))
    assert reading.verdict is Verdict.FAIL
    assert reading.value == pytest.approx(0.09 / (0.99 * 0.01 / 100) ** 0.5, rel=1e-6)


def test_better_than_before_is_no_anomaly():
    detector = MADE["standard_deviation"](windows_min=2)
    bad = [minute(k, (1000, 300), (1000, 300)) for k in range(4)]
    assert after(detector, *bad, minute(4, (1000, 0), (1000, 300))).verdict is Verdict.PASS


@pytest.mark.parametrize(("n_new", "verdict"), [(100, Verdict.PASS), (200, Verdict.FAIL)])
def test_sample_ratio_finds_a_broken_split(n_new, verdict):
    window = minute(0, (n_new, 0), (1000 - n_new, 0), exposure=0.1)
    reading = after(MADE["sample_ratio"](), window)
    assert reading.verdict is verdict
    assert reading.value == pytest.approx((n_new - 100) / 90**0.5)


@pytest.mark.parametrize(
    ("stem", "bad"),
    [
        ("success_rate", {"arm": "newest"}),
        ("success_rate", {"datapoints": 4, "of": 3}),
        ("moving_average", {"metric": "succes_rate"}),
        ("moving_average", {"metric": "signal:crypto"}),
        ("feature_rate", {"feature": "tls14"}),
        ("handshake_time", {"quantile": 1.0}),
        ("probe_e", {"bets": (0.3, 1.0)}),
        ("probe_e", {"bets": (0.05, 0.3)}),
    ],
)
def test_what_cannot_be_measured_is_refused(stem, bad):
    with pytest.raises(ValueError, match=re.escape(str(next(iter(bad.values()))))):
        MADE[stem](**bad)


def test_mean_and_variance_of_the_baseline_are_exponential_averages():
    detector = MADE["standard_deviation"](windows_min=2, speed=0.5)
    baseline = [minute(k, (0, 0), (1000, failed)) for k, failed in enumerate((100, 200))]
    reading = after(detector, *baseline, minute(2, (10_000, 3000), (0, 0)))
    assert reading.detail["mean"] == pytest.approx(0.85)  # half of 0.9 and of 0.8
    assert detector.variance == pytest.approx(0.05**2)  # as of two equal weights
    assert reading.value == pytest.approx((0.85 - 0.7) / 0.05)


def test_slower_handshakes_are_the_bad_side():
    detector = MADE["standard_deviation"](metric="handshake_ms", windows_min=2)
    calm = [timed(17, 16 + k) for k in (0, 2)]
    assert after(detector, *calm, timed(15, 17)).value < 0.0
    assert after(detector, timed(30, 17)).verdict is Verdict.FAIL


def test_the_limit_of_a_feature_is_the_tolerance_and_pooled_chance():
    times, features = np.zeros((1, 2, TIME_BINS), np.int64), np.zeros((1, 2, len(FEATURES)), int)
    times[0, :, 17], features[0, :, 1] = (400, 100), (380, 90)
    window = minute(0, (100, 0), (400, 0), time_hist=times, features=features)
    reading = after(MADE["feature_rate"](feature="tls13"), window)
    assert reading.value == pytest.approx(0.9 - 0.95)
    assert reading.limit == pytest.approx(0.02 + 4.0 * (0.94 * 0.06 * (1 / 100 + 1 / 400)) ** 0.5)


@pytest.mark.parametrize("stem", sorted(MADE))
def test_a_reading_tells_the_evidence_that_its_detector_has(stem):
    detector = MADE[stem]()
    reading = after(detector, *(minute(k, (100, 3 * k), (900, 9)) for k in range(4)))
    assert reading.log_e == detector.log_e
    if not stem.endswith("_e"):  # who proves nothing must not be counted as if
        assert reading.log_e == 0.0
