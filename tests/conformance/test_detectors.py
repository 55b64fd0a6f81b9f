"""Every file in simcert/detect meets every check."""

import copy

import pytest

from simcert import checks, detect
from simcert.checks.detectors import windows

CASES = [(stem, check) for stem in detect.discover() for check in checks.detector_checks()]


@pytest.mark.parametrize(
    ("stem", "check"), CASES, ids=[f"{stem}-{check.__name__}" for stem, check in CASES]
)
def test_conforms(stem, check):
    check(detect.discover()[stem])


@pytest.mark.parametrize("stem", detect.discover())
def test_a_copy_goes_on_by_itself(stem):
    detector = detect.discover()[stem]()
    for window in windows(6):
        detector.update(window)
    twin, then = copy.deepcopy(detector), detector.to_dict()
    for window in windows(12):
        detector.update(window)
    assert twin.to_dict() == then
    for window in windows(12):
        twin.update(window)
    assert twin.to_dict() == detector.to_dict()
