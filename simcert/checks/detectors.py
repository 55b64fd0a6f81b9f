"""What every detector owes; each check is a plain function of the detector's class."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import isfinite
from typing import Any

import numpy as np

from simcert.model import FEATURES, Detector, Reading, Verdict, Window, discovery
from simcert.model.window import TIME_BINS

OUTCOMES = ("ok", "close", "alert:unknown_ca", "ok_then_close")
SEGMENTS = ("app", "browser", "other")


def check_keeps_the_protocol(cls: type[Detector]) -> None:
    """It can be made without arguments, and before the first window it knows nothing."""
    detector = cls()
    assert isinstance(detector, Detector), f"{cls.__name__} lacks a part of the protocol"
    assert detector.log_e == 0.0, f"log_e {detector.log_e} before the first window"
    assert detector.reading().verdict is Verdict.NO_DATA, f"{detector.reading()}"


def check_equal_windows_give_equal_readings(cls: type[Detector]) -> None:
    """No clock, no dice: the same windows give the same reading, number for number."""
    one, two = cls(), cls()
    for window in windows(30):
        one.update(window)
        two.update(window)
        assert _seen(one) == _seen(two)


def check_survives_json(cls: type[Detector]) -> None:
    """After any window it can be saved, restored, and nobody notices."""
    detector, twin = cls(), cls()
    for window in windows(24):
        detector.update(window)
        twin.update(window)
        twin = cls.from_dict(json.loads(json.dumps(twin.to_dict(), allow_nan=False)))
        assert _seen(detector) == _seen(twin), f"after the window at {window.start_s} s"


def check_an_empty_arm_makes_no_bet(cls: type[Detector]) -> None:
    """Evidence compares two arms: with one of them empty it stays as it is."""
    for name, exposure in (("new", 0.0), ("old", 1.0)):
        detector = cls()
        for window in windows(10):
            detector.update(window)
        before = detector.log_e
        detector.update(slice_of(10, exposure))
        assert detector.log_e == before, f"{name} arm empty: {before} became {detector.log_e}"


def check_readings_are_finite(cls: type[Detector]) -> None:
    """Numbers that people and JSON can read, also when everything or nothing fails."""
    for failing in (0.0, 1.0):
        detector = cls()
        for k in range(10):
            detector.update(slice_of(k, 0.3, failing, failing))
            detector.update(slice_of(k, 0.3, 0.0, failing))
            _assert_finite(detector.reading())
            json.dumps(detector.to_dict(), allow_nan=False)


def check_traffic_of_nobody_is_harmless(cls: type[Detector]) -> None:
    """Windows without a single unit neither fail nor prove anything."""
    detector = cls()
    for k in range(5):
        detector.update(slice_of(k, 0.3, n=0))
    assert detector.log_e == 0.0, f"log_e {detector.log_e} out of nothing"
    assert detector.reading().verdict is not Verdict.FAIL, f"{detector.reading()}"


def check_order_of_labels_is_irrelevant(cls: type[Detector]) -> None:
    """Rows of one batch have no order: outcomes listed otherwise mean the same."""
    one, two = cls(), cls()
    for window in windows(20):
        one.update(window)
        two.update(_reordered(window))
    a, b = one.reading(), two.reading()
    assert abs(one.log_e - two.log_e) <= 1e-9 * max(1.0, abs(one.log_e))
    assert (a.verdict, a.n) == (b.verdict, b.n), f"{a} and {b}"


def check_state_is_bounded(cls: type[Detector]) -> None:
    """A long flight does not fill the memory."""
    detector = cls()
    sizes = []
    for k, window in enumerate(windows(3000)):
        detector.update(window)
        if k in (499, 2999):
            sizes.append(len(json.dumps(detector.to_dict())))
    early, late = sizes
    assert late <= 2 * early + 200, f"{early} bytes after 500 slices, {late} after 3000"


def windows(count: int) -> Iterator[Window]:
    """Return a fixed stream of slices, two a window, with a break that begins at slice 12."""
    for k in range(count):
        yield slice_of(k, (0.05, 0.1, 0.3, 0.1)[k // 6 % 4], 0.02, 0.02 if k < 12 else 0.08)


def slice_of(
    k: int, exposure: float, q_old: float = 0.02, q_new: float = 0.02, n: int = 900
) -> Window:
    """Return slice k: units spread over segments and outcomes by arithmetic, not by chance."""
    units = np.zeros((len(SEGMENTS), 2, len(OUTCOMES)), np.int64)
    for arm, share, q in ((0, 1.0 - exposure, q_old), (1, exposure, q_new)):
        total = round(n * share)
        failed = round(total * q)
        for segment in range(len(SEGMENTS)):
            bad = _part(failed, segment)
            units[segment, arm, 0] = max(_part(total, segment) - bad, 0)
            units[segment, arm, 1 + (k + segment) % 3] = min(bad, _part(total, segment))
    times = np.zeros((len(SEGMENTS), 2, TIME_BINS), np.int64)
    times[:, :, 16 + k % 3] = units[:, :, 0]
    features = np.zeros((len(SEGMENTS), 2, len(FEATURES)), np.int64)
    features[:, :, 1] = units[:, :, 0] * 9 // 10
    rest: dict[str, Any] = {"slice_index": k % 2, "slices": 2, "attempts": units.copy()}
    arrays = {"units": units, "time_hist": times, "features": features}
    start_s = 30.0 * k
    return Window.empty(start_s, start_s + 30.0, exposure, SEGMENTS, OUTCOMES, **arrays, **rest)


def _part(total: int, i: int) -> int:
    """Return the i-th of three whole parts of a total."""
    return total // 3 + (i < total % 3)


def _reordered(window: Window) -> Window:
    order = [0, 3, 1, 2]
    outcomes = tuple(window.outcomes[i] for i in order)
    units, attempts = window.units[:, :, order], window.attempts[:, :, order]
    return replace(window, outcomes=outcomes, units=units, attempts=attempts)


def _seen(detector: Detector) -> tuple[float, Reading]:
    return detector.log_e, detector.reading()


def _assert_finite(reading: Reading) -> None:
    for value in (reading.log_e, reading.value, reading.limit, *reading.detail.values()):
        assert value is None or isfinite(value), f"{reading}"


def known() -> Mapping[str, type[Detector]]:
    """Return every detector of the catalogue by its stem."""
    return discovery.discover("simcert.detect")
