"""The traps of rollout statistics are real, and the right unit of evidence avoids them."""

import numpy as np
import pytest

from bench.evidence.bars import caught
from bench.evidence.traps import Trap, traps

RUNS = 300
CHANCE = 9  # of 300 at probability 0.01: more by chance once in 1,200 times


@pytest.mark.parametrize("name", traps())
def test_the_wrong_unit_rolls_back_good_certificates_and_the_right_one_does_not(name: str) -> None:
    """As often as was told of it: exact 95 % limits of 300 runs meet that share."""
    trap = traps()[name]
    wrong, right = trap.count(RUNS, np.random.Generator(np.random.PCG64(11)))
    if trap.most is None:
        assert wrong >= 0.8 * trap.least * RUNS
    else:
        assert all(bar.passed for bar in caught(name, trap, wrong, RUNS, 11)), wrong
    assert right <= CHANCE


@pytest.mark.parametrize(("wrong", "kept"), [(60, True), (130, False), (8, False)])
def test_a_share_that_is_another_than_was_told_is_noticed(wrong: int, kept: bool) -> None:
    """Told are 11 to 13 % of 500: 26 % and 1.6 % are others, on both sides."""
    trap = Trap(lambda *_: (0, 0), 0.11, 0.13)
    assert all(bar.passed for bar in caught("z", trap, wrong, 500, 1)) is kept
