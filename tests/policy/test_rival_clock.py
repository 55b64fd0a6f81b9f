"""What the rivals share: a clock of their own, and the difference of two failure rates."""

from itertools import pairwise

import pytest

from simcert import policy
from simcert.policy._rival import Counts

PATIENT = {
    "flagger": {"interval_s": 300.0, "success_min_pct": 90.0},
    "iter8": {"interval_s": 300.0, "success_min_pct": 90.0},
    "argo": {"pause_s": 300.0, "interval_s": 300.0, "success_condition": "result[0] > 0.9"},
    "risk_of_ruin": {"stage_s": 300.0},
}


@pytest.mark.parametrize("stem", PATIENT)
def test_a_rival_moves_only_when_its_own_interval_is_over(stem: str, fly) -> None:
    minutes = [minute for minute, _, _ in fly(policy.discover()[stem](**PATIENT[stem])).moves]

    assert len(minutes) > 2
    assert all(b - a >= 5 for a, b in pairwise(minutes))


def test_rates_are_those_of_half_a_failure_and_half_a_success_more() -> None:
    counts = Counts(n_new=9, f_new=2, n_old=19, f_old=1)

    assert counts.delta == pytest.approx(2.5 / 10 - 1.5 / 20)
    assert counts.variance == pytest.approx(0.25 * 0.75 / 10 + 0.075 * 0.925 / 20)
