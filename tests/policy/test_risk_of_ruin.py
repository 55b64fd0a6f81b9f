"""Phased release under a budget: closed form, stage by stage."""

from math import sqrt

import pytest
from scipy.special import ndtri

from simcert.policy._rival import Counts
from simcert.policy.risk_of_ruin import RiskOfRuin


def test_a_good_certificate_is_full_after_its_stages(fly) -> None:
    path = fly(RiskOfRuin())

    assert path.phase == "complete"
    assert path.full_min == 36.0


def test_the_first_stage_is_what_the_prior_can_pay_for(fly) -> None:
    policy = RiskOfRuin()
    first = fly(policy).moves[0][1]
    worst = float(ndtri(0.95)) * policy.prior_sd
    rate = 2000 / 60.0

    assert first == pytest.approx(policy.budget_s / (worst * policy.stage_s), rel=0.1)
    assert rate > 0.0


def test_the_posterior_is_the_normal_one() -> None:
    seen = Counts(1000, 20, 9000, 90)
    worst, _ = RiskOfRuin(prior_sd=0.01)._worst(seen)
    precision = 1.0 / seen.variance + 1e4

    mean = seen.delta / seen.variance / precision
    assert worst == pytest.approx(mean + float(ndtri(0.95)) / sqrt(precision))


@pytest.mark.parametrize("delta", [0.02, 0.3, 0.995])
def test_a_break_spends_about_the_budget_and_ends(fly, delta: float) -> None:
    path = fly(RiskOfRuin(), delta=delta)

    assert path.phase == "rolled_back"
    assert path.harmed < 2.5 * 200  # six seconds of 2000 units a minute
