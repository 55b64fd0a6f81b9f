"""Suspicion tells of its last alarm: the sum that rang, what it was above, and who it was."""

import json
from math import log
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcert.detect.segment_cusum import SegmentCusum
from simcert.detect.suspicion_cusum import SuspicionCusum
from simcert.model import Window

NAMES = ("desktop", "mobile", "rare")
PLAIN: dict[str, Any] = {"trend_speed": 0.07, "delay": 2.0, "per_alarm": 1.0, "limit": 3.0}


def by_segment(failed: tuple[int, ...], units: int = 200) -> Window:
    """Return a slice at half and half in which so many units of each segment failed, new arm."""
    counts = np.zeros((len(failed), 2, 2), np.int64)
    counts[:, :, 0] = units
    counts[:, 1, 1] = failed
    return Window.empty(0.0, 60.0, 0.5, NAMES, ("ok", "close"), units=counts)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=30))
def test_an_alarm_tells_the_sum_that_was_above_its_limit(failures: list[int]) -> None:
    """A twin that never rings reckons the same sum."""
    detector = SuspicionCusum(**PLAIN)
    for failed in failures:
        silent = SuspicionCusum.from_dict({**detector.to_dict(), "limit": 1e9})
        before, limit = detector.alarms, detector.threshold
        window = Window.of(new=(500, failed), old=(500, 5), exposure=0.5)
        detector.update(window)
        silent.update(window)
        detail = detector.reading().detail
        if detector.alarms > before:
            assert detail["alarm:failure"] == silent.g > limit == detail["alarm_limit"]
        if not detector.alarms:
            assert detail == {"alarms": 0.0}


def test_an_alarm_of_a_segment_tells_which_and_by_how_much() -> None:
    detector = SegmentCusum()
    detector.update(by_segment((0, 0, 20)))
    detail = detector.reading().detail
    expected = 20 * log(7.0) - 6.0 * 620 * 0.02 / 3  # a third of the rate of all, each

    assert detail == {"alarms": 1.0, "alarm:rare": pytest.approx(expected), "alarm_limit": 8.0}


def test_the_last_alarm_is_told_until_the_next_one() -> None:
    detector = SegmentCusum()
    for failed in ((0, 0, 20), (0, 0, 0), (0, 60, 0)):
        detector.update(by_segment(failed))
    detail = detector.reading().detail

    assert "alarm:mobile" in detail
    assert "alarm:rare" not in detail
    assert detail["alarms"] == 2.0


@pytest.mark.parametrize("cls", [SuspicionCusum, SegmentCusum])
def test_a_state_from_before_alarms_were_kept_goes_on_as_it_did(cls: type) -> None:
    kept, detector = cls(from_exposure=0.05), cls(from_exposure=0.05)
    for failed in ((0, 0, 90), (1, 0, 2)):
        kept.update(by_segment(failed))
    state = {k: v for k, v in kept.to_dict().items() if not k.startswith("alarm_")}
    detector = cls.from_dict(json.loads(json.dumps(state)))

    assert detector.reading().detail == {"alarms": 1.0}
    for _ in range(3):
        kept.update(by_segment((0, 0, 90)))
        detector.update(by_segment((0, 0, 90)))
    assert detector.reading() == kept.reading()
    assert detector.reading().detail["alarms"] > 1.0
