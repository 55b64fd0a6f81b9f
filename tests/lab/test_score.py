"""The information bound is that of the literature; expectations name what was not met."""

from dataclasses import replace
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcert.lab.score import Score, information_bound, score, unmet
from simcert.model import Truth
from simcert.scenario.schema import Expect
from simcert.sim import Flight

CALM = Score(
    end="complete", minutes_to_full=40.0, harmed_connections=0, harmed_clients=0,
    connections=1000, success_rate=0.98, false_rollback=False, missed=False,
    rolled_back_ever=False, attempts=1,
)  # fmt: skip


@pytest.mark.parametrize(
    ("q0", "delta", "harmed"),  # computed from the closed form at alpha = 0.01
    [(0.02, 0.001, 183.4), (0.02, 0.01, 20.79), (0.02, 0.98, 1.154), (0.005, 0.005, 11.84)],
)
def test_the_bound_has_known_values(q0: float, delta: float, harmed: float) -> None:
    assert information_bound(Truth(q0, delta, 1.0)) == pytest.approx(harmed, rel=5e-4)


@given(st.floats(1e-4, 0.5), st.floats(1e-4, 0.49))
def test_the_bound_is_never_below_one_harmed_per_certainty(q0: float, delta: float) -> None:
    bound = information_bound(Truth(q0, delta, 1.0))

    assert bound is not None
    assert bound >= delta * log(100.0) / log(1.0 / q0)  # KL <= ln(1/q0)


def test_without_harm_there_is_no_bound() -> None:
    assert information_bound(Truth(0.02, 0.0, 0.0)) is None
    assert information_bound(Truth(0.0, 0.1, 0.1)) is None


def test_what_is_met_is_not_told() -> None:
    expect = Expect(end="complete", complete=True, harmed_connections_max=0, within_s=2400.0)

    assert unmet(expect, CALM, [(0.0, 0.0, ""), (2400.0, 0.95, "")]) == []


@pytest.mark.parametrize(
    ("expect", "got", "told"),
    [
        (Expect(end="rolled_back"), CALM, "end: expected rolled_back, got complete"),
        (Expect(rolled_back=True), CALM, "rolled_back: expected true, got false"),
        (
            Expect(harmed_connections_max=3),
            replace(CALM, harmed_connections=4),
            "harmed_connections: expected at most 3, got 4",
        ),
        (Expect(within_s=60.0), CALM, "within_s: expected at most 60, got 2400"),
        (
            Expect(within_s=60.0),
            replace(CALM, minutes_to_full=None),
            "within_s: expected at most 60, got never",
        ),
        (Expect(success_rate_min=0.99), CALM, "success_rate: expected at least 0.99, got 0.98"),
    ],
)
def test_what_is_not_met_is_told_with_limit_and_value(
    expect: Expect, got: Score, told: str
) -> None:
    assert unmet(expect, got, []) == [told]


def test_a_rollback_in_time_is_that_of_the_last_move_to_zero() -> None:
    gone = replace(CALM, end="rolled_back", rolled_back_ever=True, minutes_to_full=None)
    moves = [(0.0, 0.0, ""), (60.0, 0.05, ""), (600.0, 0.0, "proof")]

    assert unmet(Expect(end="rolled_back", within_s=600.0), gone, moves) == []
    assert unmet(Expect(end="rolled_back", within_s=599.0), gone, moves)


@pytest.mark.parametrize("end", ["complete", "rolled_back", "deadline"])
@pytest.mark.parametrize("harmed", [0.0, 0.01])
def test_missed_is_a_harm_let_out_and_false_a_rollback_without_one(end: str, harmed: float) -> None:
    flight = Flight(end, None, 0, 0, 10, 9, end == "rolled_back", 1, [])
    got = score(flight, Truth(0.02, harmed, harmed))

    assert got.missed == (end == "complete" and harmed > 0.0)
    assert got.false_rollback == (end == "rolled_back" and harmed == 0.0)
