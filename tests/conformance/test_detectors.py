"""Every file in simcert/detect meets every check."""

import pytest

from simcert import checks, detect

CASES = [(stem, check) for stem in detect.discover() for check in checks.detector_checks()]


@pytest.mark.parametrize(
    ("stem", "check"), CASES, ids=[f"{stem}-{check.__name__}" for stem, check in CASES]
)
def test_conforms(stem, check):
    check(detect.discover()[stem])
