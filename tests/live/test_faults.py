"""A dozen kills with -9, with traffic: nothing is over-exposed, no client fails, and it goes on.

`python -m bench.live_faults` kills 200 times.
"""

import random

import pytest

from bench._faults_rigs import alone, fleet, thin

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.mark.parametrize(
    ("rig_of", "needs"), [(alone, ()), (fleet, ("redis-server",)), (thin, ("prometheus",))]
)
def test_a_kill_over_exposes_nobody_and_loses_no_client(rig_of, needs, rig, needed) -> None:
    needed(*needs)

    assert rig_of(random.Random(7), 4) == (0, 0)
