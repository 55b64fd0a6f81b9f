"""A dozen kills with -9, with traffic: nothing is over-exposed, no client fails, and it goes on.

`python -m bench.live_faults` kills 200 times.
"""

import os
import random
import shutil

import pytest

from bench._faults_rigs import alone, fleet, thin

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.mark.parametrize(
    ("rig_of", "needs"), [(alone, ""), (fleet, "redis-server"), (thin, "prometheus")]
)
def test_a_kill_over_exposes_nobody_and_loses_no_client(rig_of, needs, rig, request) -> None:
    if needs and shutil.which(needs) is None:
        if "CI" in os.environ:
            pytest.fail(f"{needs} is missing")
        pytest.skip(f"needs {needs}: apt-get install {needs}")

    assert rig_of(random.Random(7), 4) == (0, 0)
