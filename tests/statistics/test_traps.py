"""The traps of rollout statistics are real, and the right unit of evidence avoids them."""

import numpy as np
import pytest

from bench.evidence.traps import shares

RUNS = 300
CHANCE = 9  # of 300 at probability 0.01: more by chance once in 1,200 times


@pytest.mark.parametrize("trap", shares())
def test_the_wrong_unit_rolls_back_good_certificates_and_the_right_one_does_not(trap: str) -> None:
    count, least = shares()[trap]
    wrong, right = count(RUNS, np.random.Generator(np.random.PCG64(11)))
    assert wrong >= 0.8 * least * RUNS
    assert right <= CHANCE
