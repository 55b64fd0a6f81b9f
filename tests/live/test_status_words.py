"""The terminal view of `live status` tells when everybody will be served, or that nobody knows."""

from typing import Any

import pytest

from simcert.cli.live import _words

SHOWN: dict[str, Any] = {"policy": "adaptive", "phase": "ramping", "exposure": 0.25}


@pytest.mark.parametrize(
    ("eta_s", "said"),
    [(5400.0, "full exposure in about 90 min"), (None, "full exposure: not foreseen")],
)
def test_status_tells_when_everybody_will_be_served(eta_s: float | None, said: str) -> None:
    assert said in _words(SHOWN | {"eta_s": eta_s}).splitlines()
