"""Iter8: five points up while all is well, five per cent at once when not."""

import pytest

from simcert.policy.iter8 import Iter8


def test_a_good_certificate_climbs_by_five_points_and_wins(fly) -> None:
    path = fly(Iter8(success_min_pct=98.0))

    assert [round(100 * e) for _, e, _ in path.moves] == [*range(5, 100, 5), 100]
    assert path.phase == "complete"


def test_a_bad_candidate_keeps_its_floor_until_the_end(fly) -> None:
    path = fly(Iter8(), delta=0.3)

    assert [e for _, e, _ in path.moves] == [0.05, 0.0]
    assert path.phase == "rolled_back"
    assert path.moves[-1][0] == 30


def test_one_bad_interval_drops_to_the_floor_at_once() -> None:
    policy = Iter8()

    assert policy._weight(0.9, False) == 0.05
    assert policy._weight(0.9, True) == pytest.approx(0.95)
    assert policy._weight(0.2, True) == 0.25


def test_the_posterior_rule_waits_for_enough_units(fly) -> None:
    path = fly(Iter8(success_min_pct=98.0, credible=0.95, duration_max_ms=0.0), n=400)

    assert path.phase == "complete"
    assert path.full_min > 19
