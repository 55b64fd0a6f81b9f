"""Middleboxes and poisoning: declared faults that tell two certificates apart by a law."""

import pytest

from simcert.scenario import build, load_scenario
from simcert.world.faults.middlebox import Middlebox
from simcert.world.faults.poisoning import Poisoning
from simcert.world.spec import Cohort, Encounter, Seen


def cohort(old_bytes: int, new_bytes: int) -> Cohort:
    met = Encounter(0.0, Seen(flight_bytes=old_bytes), Seen(flight_bytes=new_bytes))
    return Cohort("c", "s", 0.4, 1_000, (met,))


def test_a_middlebox_stops_large_flights_only_and_for_its_share_only() -> None:
    (rest, hit) = Middlebox(share=0.01, limit_bytes=10_000).met((cohort(3_000, 14_000),))
    assert (rest.share, hit.share) == (pytest.approx(0.396), pytest.approx(0.004))
    assert hit.clients == 10
    assert rest.encounters[0].new.ok
    assert hit.encounters[0].old.ok
    assert hit.encounters[0].new.outcomes == (("hang", 1.0),)
    assert "14000 bytes" in hit.encounters[0].new.reason


def test_a_middlebox_that_makes_no_difference_splits_nothing() -> None:
    same = (cohort(3_000, 9_000),)
    assert Middlebox().met(same) == same


def test_a_share_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="share must be in"):
        Middlebox(share=1.0)


def test_the_world_of_a_scenario_has_the_middlebox_on_its_paths() -> None:
    world = build.world(load_scenario("mldsa_dual"))
    hit = [one for one in world.cohorts if not one.encounters[0].new.ok]
    assert [one.name for one in hit] == ["profile:chrome_desktop_current (behind a middlebox)"]
    assert sum(one.share for one in world.cohorts) == pytest.approx(1.0)
    assert hit[0].share == pytest.approx(0.005)


def test_an_adversary_fails_with_the_new_certificate_alone() -> None:
    (adversary,) = Poisoning(connections_per_s=10.0, clients=7).cohorts(5.0)
    assert (adversary.share, adversary.clients) == (2.0, 7)
    assert adversary.encounters[0].old.ok
    assert not adversary.encounters[0].new.ok
