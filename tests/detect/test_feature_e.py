"""Lost features: heard when the new arm has fewer of them, and only then."""

from math import log

import numpy as np
import pytest

from simcert.checks._track import analyzer
from simcert.control.plan import Plan
from simcert.control.rollout import Rollout
from simcert.detect import discover
from simcert.model import FEATURES, Reading, Verdict, Window
from simcert.model.window import TIME_BINS
from simcert.policy.adaptive import Adaptive


def window(i, ok, tls13, slices=1, exposure=0.1):
    """ok and tls13: (old, new) successful full handshakes, and those of them with TLS 1.3."""
    times, features = (
        np.zeros((1, 2, TIME_BINS), np.int64),
        np.zeros((1, 2, len(FEATURES)), np.int64),
    )
    times[0, :, 10] = ok
    features[0, :, FEATURES.index("tls13")] = tls13
    start, at = 60.0 * i / slices, {"slice_index": i % slices, "slices": slices}
    units = np.array([[[ok[0]], [ok[1]]]])
    told = {"time_hist": times, "features": features, "units": units, "attempts": units}
    return Window.empty(start, start + 60.0 / slices, exposure, ("all",), ("ok",), **told, **at)


def flown(lost_new: float, runs: int = 1, slices: int = 1) -> list[Reading]:
    rng, found = np.random.default_rng(8), []
    for _ in range(runs):
        detector = discover()["feature_e"]()
        for i in range(60 * slices):
            ok = (1_800 // slices, 200 // slices)
            has = rng.binomial(ok, (0.8, 0.8 - lost_new))
            detector.update(window(i, ok, has, slices))
        found.append(detector.reading())
    return found


@pytest.mark.parametrize("slices", [1, 10])
def test_a_loss_in_the_new_arm_fails_and_names_the_feature(slices: int) -> None:
    (reading,) = flown(0.08, slices=slices)
    assert reading.verdict is Verdict.FAIL
    assert max(reading.detail, key=lambda name: reading.detail[name]) == "tls13"


def test_equal_arms_and_a_gain_never_fail() -> None:
    assert all(one.verdict is Verdict.INCONCLUSIVE for one in flown(0.0, runs=60))
    assert all(one.log_e < 0.0 for one in flown(-0.1, runs=5))


def test_slices_of_one_exposure_are_one_batch() -> None:
    whole, cut = (discover()["feature_e"]() for _ in range(2))
    whole.update(window(0, (1_800, 200), (1_500, 120)))
    for i in range(2):
        cut.update(window(i, (900, 100), (750, 60), slices=2))
    assert cut.log_e == pytest.approx(whole.log_e)


def test_slices_of_two_exposures_are_never_pooled() -> None:
    both, first, second = (discover()["feature_e"]() for _ in range(3))
    few, many = ((900, 100), (750, 60)), ((100, 900), (80, 500))
    both.update(window(0, *few, slices=2))
    both.update(window(1, *many, slices=2, exposure=0.9))
    first.update(window(0, *few))
    second.update(window(0, *many, exposure=0.9))
    assert both.log_s == pytest.approx(np.add(first.log_s, second.log_s).tolist())


def test_a_feature_that_nobody_has_was_never_lost() -> None:
    detector = discover()["feature_e"]()
    for i in range(30):
        detector.update(window(i, (1_800, 200), (0, 0)))
    assert detector.log_e == 0.0 < log(2.0)


def by_segment(
    i, lost, exposure=0.3, n=4_000, rare=0.01, names=("many", "rare"), rng=None, most=0.7
):
    """A window of two segments; of the rare one a share `lost` loses HTTP/2 with the new one."""
    shares, has = (1.0 - rare, rare), ((most, most), (0.9, 0.9 * (1.0 - lost)))
    times, features = (
        np.zeros((2, 2, TIME_BINS), np.int64),
        np.zeros((2, 2, len(FEATURES)), np.int64),
    )
    for s, share in enumerate(shares):
        for arm, part in enumerate((1.0 - exposure, exposure)):
            ok = rng.poisson(n * share * part)
            times[s, arm, 10] = ok
            features[s, arm, FEATURES.index("h2")] = rng.binomial(ok, has[s][arm])
            features[s, arm, FEATURES.index("tls13")] = ok
    units = times.sum(axis=2)[:, :, None]
    told = {"time_hist": times, "features": features, "units": units, "attempts": units}
    return Window.empty(60.0 * i, 60.0 * (i + 1), exposure, names, ("ok",), **told)


def flown_by_segment(lost, seed=5, windows=60, **more):
    rng, detector = np.random.default_rng(seed), discover()["feature_e"]()
    for i in range(windows):
        detector.update(by_segment(i, lost, rng=rng, **more))
    return detector


def test_a_rare_segment_that_loses_a_feature_is_heard_and_named() -> None:
    detector = flown_by_segment(1.0)
    reading = detector.reading()

    assert reading.verdict is Verdict.FAIL
    assert max(reading.detail, key=lambda name: reading.detail[name]) == "rare: h2"
    assert reading.detail["h2"] < 3.0  # among all clients nobody would hear it


def test_a_segment_that_loses_nothing_never_fails() -> None:
    seeds = [flown_by_segment(0.0, seed=seed).reading() for seed in range(40)]

    assert all(one.verdict is Verdict.INCONCLUSIVE for one in seeds)


def test_a_segment_is_the_same_wherever_it_stands_and_whoever_joins_it() -> None:
    a, b = (discover()["feature_e"]() for _ in range(2))
    rng = np.random.default_rng(3)
    for i in range(40):
        window = by_segment(i, 1.0, rng=rng)
        order = [1, 0] if i % 3 else [0, 1]
        turned = {
            name: getattr(window, name)[order]
            for name in ("time_hist", "features", "units", "attempts")
        }
        names = tuple(window.segments[at] for at in order)
        a.update(window)
        b.update(Window.empty(window.start_s, window.end_s, 0.3, names, ("ok",), **turned))
    assert a.log_e == pytest.approx(b.log_e)
    assert a.reading().detail == pytest.approx(b.reading().detail)


def test_batches_of_a_segment_end_with_the_exposure() -> None:
    """Pooled over exposures, what changes with the time of day would look like a loss."""
    rng, detector = np.random.default_rng(11), discover()["feature_e"]()
    for i in range(120):
        night = i % 2 == 0
        exposure, most = (0.1, 0.9) if night else (0.6, 0.5)
        detector.update(by_segment(i, 0.0, exposure=exposure, most=most, rng=rng))
    assert detector.log_e < log(20.0)


def test_fifty_segments_that_all_gain_leave_evidence_that_has_a_logarithm() -> None:
    rng, detector = np.random.default_rng(2), discover()["feature_e"]()
    names = tuple(f"segment {k}" for k in range(60))
    for i in range(40):
        times, features = (
            np.zeros((60, 2, TIME_BINS), np.int64),
            np.zeros((60, 2, len(FEATURES)), np.int64),
        )
        times[:, :, 4] = ok = rng.poisson(400, (60, 2))
        features[:, 0], features[:, 1] = ok[:, :1] // 2, ok[:, 1:]
        units = ok[:, :, None]
        told = {"time_hist": times, "features": features, "units": units, "attempts": units}
        detector.update(Window.empty(60.0 * i, 60.0 * i + 60.0, 0.5, names, ("ok",), **told))

    assert detector.log_e < -100.0
    assert detector.reading().verdict is Verdict.INCONCLUSIVE


def test_a_segment_that_loses_http2_holds_the_ramp_and_is_named() -> None:
    policy, rng = Adaptive(), np.random.default_rng(6)
    rollout = Rollout(policy, lambda: analyzer(policy), Plan(slices=1, soak_s=7200.0))
    reasons = []
    for i in range(90):
        rollout.receive(by_segment(i, 1.0, exposure=rollout.exposure, rng=rng))
        decision = rollout.tick(60.0 * (i + 1))
        rollout.confirm(decision.exposure, 60.0 * (i + 1))
        reasons.append(decision.reason)

    assert "lose TLS 1.3 or HTTP/2 (rare: h2)" in reasons[-1]
    assert decision.kind == "hold"
