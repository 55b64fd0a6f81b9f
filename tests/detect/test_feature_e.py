"""Lost features: heard when the new arm has fewer of them, and only then."""

from math import log

import numpy as np
import pytest

from simcert.detect import discover
from simcert.model import FEATURES, Reading, Verdict, Window
from simcert.model.window import TIME_BINS


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
