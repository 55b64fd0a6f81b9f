"""The terminal view of `live status` tells how long the soak still takes, or that nobody knows."""

from typing import Any

import pytest

from simcert.cli.live import _words

SHOWN: dict[str, Any] = {"policy": "adaptive", "phase": "soaking", "exposure": 1.0}
SOAKS = "soaks for 90 min more, then complete if nothing happens"
UNKNOWN = "completion: not foreseen before the soak"


@pytest.mark.parametrize(("eta_s", "said"), [(5400.0, SOAKS), (None, UNKNOWN)])
def test_status_tells_how_long_the_soak_still_takes(eta_s: float | None, said: str) -> None:
    assert said in _words(SHOWN | {"eta_s": eta_s}).splitlines()
