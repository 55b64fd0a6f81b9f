"""What happens when the exposure falls: mass is released, suspicion starts afresh, floors stand."""

import pytest

from simcert.detect.conditional_e import ConditionalE
from simcert.detect.old_arm_e import OldArmE
from simcert.detect.suspicion_cusum import SuspicionCusum
from simcert.model import Window


def window(exposure: float, new: tuple[int, int], old: tuple[int, int]) -> Window:
    return Window.of(new=new, old=old, exposure=exposure)


def test_half_of_the_kept_mass_is_bet_at_each_fall_and_none_at_a_rise() -> None:
    bet = ConditionalE(first=0.5, later=0.0, release=0.4)
    released = []
    for exposure in (0.3, 0.3, 0.1, 0.25, 0.02):
        bet.update(window(exposure, (100, 1), (100, 1)))
        released.append(bet.released)

    assert released == pytest.approx([0.5, 0.5, 0.7, 0.7, 0.8])


@pytest.mark.parametrize(("exposure", "kept"), [(0.1, 0.0), (0.29, 3.0), (0.3, 3.0)])
def test_suspicion_is_forgotten_when_the_exposure_falls_and_not_before(
    exposure: float, kept: float
) -> None:
    suspicion = SuspicionCusum(g=3.0, exposure=0.3, from_exposure=0.5)
    suspicion.update(window(exposure, (100, 5), (900, 18)))

    assert suspicion.g == kept


@pytest.mark.parametrize(("floor", "failing"), [(0.01, False), (0.002, True)])
def test_an_old_arm_that_fails_more_but_rarely_is_no_failing_one(
    floor: float, failing: bool
) -> None:
    old_arm = OldArmE(floor=floor, first=0.8, later=0.02, release=0.18, thetas=(1.6, 4.0))
    for _ in range(5):
        old_arm.update(window(0.5, (10_000, 5), (10_000, 50)))

    assert old_arm.log_e > 20.0
    assert old_arm.failing is failing
