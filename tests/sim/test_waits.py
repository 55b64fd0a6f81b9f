"""Waits of clients that retry: exponential, with a mean that grows from attempt to attempt."""

from math import exp

import pytest

from simcert.sim.retries import ends_in_slice
from simcert.world.spec import Retry


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_wait_number_k_has_the_mean_delay_times_growth_to_the_k_minus_1(stage: int) -> None:
    habit = Retry(probability=1.0, delay_s=20.0, growth=3.0, attempts_max=4)
    ends = ends_in_slice(habit, 4, 30.0)

    assert ends[stage, stage] == pytest.approx(1.0 - exp(-30.0 / (20.0 * 3.0 ** (stage - 1))))


def test_nobody_waits_for_an_attempt_beyond_the_last() -> None:
    habit = Retry(probability=1.0, delay_s=1.0, growth=1.0, attempts_max=2)

    assert not ends_in_slice(habit, 4, 30.0)[:, 2:].any()
