"""Ramp by risk: accepted, refused or undecided at each share."""

import pytest

from simcert.policy.sprt_risk import SprtRisk


def test_a_good_certificate_reaches_half_and_half_and_then_full(fly) -> None:
    path = fly(SprtRisk(power_s=1800.0))

    assert path.phase == "complete"
    assert [e for _, e, _ in path.moves][-2:] == [0.5, 1.0]
    assert path.full_min >= 40.0


def test_a_total_break_is_refused_within_minutes(fly) -> None:
    path = fly(SprtRisk(), delta=0.995)

    assert path.phase == "rolled_back"
    assert path.moves[-1][0] <= 2
    assert path.harmed < 60


@pytest.mark.parametrize("delta", [0.01, 0.015, 0.02, 0.05])
def test_harm_above_the_tolerated_risk_never_becomes_full(fly, delta: float) -> None:
    assert fly(SprtRisk(power_s=1800.0), delta=delta).phase == "rolled_back"


def test_a_ladder_must_rise() -> None:
    with pytest.raises(ValueError, match="ladder"):
        SprtRisk(ladder=(0.1, 0.05))
