"""What a candidate costs: always against the defaults on the same days; no gain buys a limit."""

from math import log1p
from typing import Any

import pytest

from simcert.lab.tune import score as judge
from simcert.lab.tune.progress import told
from simcert.lab.tune.result import Member
from simcert.lab.tune.search import Trial, rungs
from simcert.lab.tune.verdict import Comparison, compared


def day(harm: int = 0, minutes: float | None = None, **more: object) -> dict[str, object]:
    said = {"false_rollback": False, "missed": False, "error": None, "withdrawn_min": None}
    return said | {"harmed_connections": harm, "minutes_to_full": minutes} | more


BREAKS, GOOD = judge.Story("breaks", True, 100.0), judge.Story("good", False, 100.0)
STORIES = [BREAKS, GOOD]
BASE = {"breaks": [day(9), day(12), day(10)], "good": [day(0, 40.0), day(0, 50.0), day(0, 45.0)]}


def test_half_the_harm_is_half_the_harm_in_any_scenario() -> None:
    half = {**BASE, "breaks": [day(4), day(5), day(4)]}

    found = judge.score(STORIES, half, BASE, judge.Limits(0.0, 1.25))
    expected = sum(log1p(a) - log1p(b) for a, b in ((4, 9), (5, 12), (4, 10))) / 3
    assert found.harm == pytest.approx(expected)
    assert found.time == 0.0
    assert found.feasible


def test_who_never_arrives_took_the_whole_day() -> None:
    never = {**BASE, "good": [day(), day(), day()]}

    found = judge.score(STORIES, never, BASE, judge.Limits(0.0, 1.25))
    assert found.minutes_to_full == 100.0
    assert not found.feasible, "surely worse in one scenario"


def test_a_gain_does_not_buy_a_false_rollback() -> None:
    changed = {"good": [day(0, 40.0, false_rollback=True), *BASE["good"][1:]]}

    found = judge.score(STORIES, {**BASE, **changed}, BASE, judge.Limits(0.01, 1.25))
    assert found.constraints["false_rollback"] > 0.0
    assert not found.feasible


@pytest.mark.parametrize(("more", "less", "kept"), [(4, 0, True), (5, 0, False), (9, 5, True)])
def test_misses_count_once_they_are_surely_more(more: int, less: int, kept: bool) -> None:
    """Five of five differing days have odds of 1 in 32, four of four of 1 in 16."""
    both = [day(9, missed=True)] * 20
    mine = {"breaks": both + [day(9, missed=k < more) for k in range(more + less)]}
    base = {"breaks": both + [day(9, missed=k >= more) for k in range(more + less)]}

    found = judge.score([BREAKS], mine, base, judge.Limits(0.01, 1.25))
    assert (found.constraints["missed"] <= 0.0) is kept
    assert found.feasible is kept


def test_a_later_withdrawal_breaks_its_limit() -> None:
    base = {**BASE, "breaks": [day(9, withdrawn_min=10.0)] * 3}
    late = {**BASE, "breaks": [day(9, withdrawn_min=20.0)] * 3}

    found = judge.score(STORIES, late, base, judge.Limits(0.0, 1.25))
    assert found.constraints["detection"] == pytest.approx(21.0 / 11.0 - 1.25)


def test_only_the_hopeless_are_stopped() -> None:
    slow = {**BASE, "good": [day(0, 80.0), day(0, 99.0), day(0, 90.0)]}
    safer = {**slow, "breaks": [day(2), day(3), day(2)]}

    assert "no safer" in judge.hopeless(STORIES, slow, [BASE])
    assert judge.hopeless(STORIES, safer, [BASE]) == "", "slow and safe may be on the front"
    bold = {"breaks": [day(30), day(40), day(35)], "good": [day(0, 10.0)] * 3}
    assert judge.hopeless(STORIES, bold, [BASE]) == "", "so may bold and fast"
    assert judge.hopeless(STORIES, BASE, [BASE]) == ""


def test_progress_tells_what_was_found_and_what_racing_saved() -> None:
    fit = judge.score(STORIES, {**BASE, "good": [day(0, 20.0)] * 3}, BASE, judge.Limits(0.0, 1.25))
    trials = [Trial(0, {}, None, score=fit), Trial(1, {}, None, stopped="hopeless")]

    said = told(trials, 16)
    assert said.startswith("trial 2 of 16, 1 stopped early, 1 fit; best harm x1.00, best time x0.4")
    assert told(trials[1:], 16) == "trial 1 of 16, 1 stopped early, 0 fit"


def test_a_difference_is_called_only_if_it_is_proved() -> None:
    noisy = {**BASE, "breaks": [day(1), day(30), day(8)]}
    fewer = {**BASE, "breaks": [day(4), day(5), day(4)]}

    verdicts = [compared([BREAKS], one, BASE)[0].verdict for one in (noisy, fewer, BASE)]
    assert verdicts == ["same", "better", "same"]


def test_a_day_ends_the_wait_for_full_exposure_and_for_a_withdrawal() -> None:
    late = day(0, 130.0, withdrawn_min=130.0)

    assert GOOD.minutes(late) == BREAKS.withdrawn_min(late) == 100.0
    assert GOOD.minutes(day()) == BREAKS.withdrawn_min(day()) == 100.0


def test_a_limit_is_the_one_that_was_asked_for() -> None:
    base = {**BASE, "breaks": [day(9, withdrawn_min=10.0)] * 3}
    late = {**BASE, "breaks": [day(9, withdrawn_min=20.0)] * 3}
    false = {**base, "good": [day(0, 40.0, false_rollback=True), *BASE["good"][1:]]}

    assert judge.score(STORIES, late, base, judge.Limits(0.0, 2.0)).feasible
    assert not judge.score(STORIES, late, base, judge.Limits(0.0, 1.9)).feasible
    assert judge.score(STORIES, false, base, judge.Limits(1 / 6, 2.0)).feasible
    assert not judge.score(STORIES, false, base, judge.Limits(0.16, 2.0)).feasible


def test_what_the_defaults_do_on_the_same_days_is_no_fault_of_a_candidate() -> None:
    clean, false = day(0, 40.0), day(0, 40.0, false_rollback=True)
    base = {"good": [false, clean, clean, clean]}

    assert judge.score([GOOD], {"good": [false]}, base, judge.Limits(0.0, 2.0)).feasible
    base = {"good": [clean, false, false, false]}
    assert not judge.score([GOOD], {"good": [false]}, base, judge.Limits(0.0, 2.0)).feasible


def test_harm_is_averaged_where_a_certificate_breaks_and_time_where_it_does_not() -> None:
    mixed = {"breaks": [day(4, 10.0), day(6, 20.0)], "good": [day(1, 30.0), day(3, 50.0)]}

    found = judge.score(STORIES, mixed, mixed, judge.Limits(0.0, 2.0))
    assert (found.harmed_connections, found.minutes_to_full) == (5.0, 40.0)


def test_who_dominates_is_nowhere_worse_and_somewhere_better() -> None:
    def at(harm: float, time: float) -> judge.Score:
        return judge.Score(harm, time, {}, None, None)

    assert at(0.0, -1.0).dominates(at(0.0, 0.0))
    assert at(-1.0, 0.0).dominates(at(0.0, 0.0))
    assert not at(0.0, 0.0).dominates(at(0.0, 0.0))
    assert not at(-1.0, 1.0).dominates(at(0.0, 0.0))


@pytest.mark.parametrize(
    ("end", "moves", "withdrawn_min"),
    [
        ("rolled_back", [[0.0, 0.0], [60.0, 0.1], [600.0, 0.0]], 10.0),
        ("rolled_back", [[60.0, 0.1], [300.0, 0.0], [360.0, 0.1], [600.0, 0.0]], 10.0),
        ("rolled_back", [[0.0, 0.0]], None),  # was never served
        ("deadline", [[60.0, 0.1], [600.0, 0.0]], None),  # a pause, not for good
        ("complete", [[60.0, 1.0]], None),
    ],
)
def test_withdrawn_is_when_it_went_for_good(
    end: str, moves: list[list[float]], withdrawn_min: float | None
) -> None:
    row: dict[str, Any] = {**day(3, 5.0), "end": end, "moves": moves, "connections": 7}

    kept = judge.compact(row)
    assert kept["withdrawn_min"] == withdrawn_min
    assert kept.keys() == {*judge.COPIED, "withdrawn_min"}


@pytest.mark.parametrize(
    ("limit", "verdicts", "fit"),
    [
        (0.0, ["same", "better"], True),
        (0.0, ["better", "worse"], False),
        (0.1, ["better", "better"], False),
    ],
)
def test_fit_is_who_keeps_every_limit_and_is_nowhere_surely_worse(
    limit: float, verdicts: list[str], fit: bool
) -> None:
    fresh = judge.Score(-1.0, -1.0, {"missed": limit}, None, None)
    lines = (Comparison("s", "harmed_connections", 1.0, 1.0, 1.0, None, v) for v in verdicts)

    assert Member(Trial(0, {}, None), fresh, tuple(lines)).fit is fit


def test_more_harm_at_equal_speed_is_hopeless_and_a_single_day_proves_nothing() -> None:
    worse = {**BASE, "breaks": [day(30), day(40), day(35)]}
    alone = ({name: days[:1] for name, days in one.items()} for one in (worse, BASE))

    assert "no faster" in judge.hopeless(STORIES, worse, [BASE])
    assert judge.hopeless(STORIES, worse, [worse]) == ""
    assert "no faster" in judge.hopeless(STORIES, worse, [worse, BASE]), "any rival will do"
    assert judge.hopeless(STORIES, next(alone), [next(alone)]) == ""


@pytest.mark.parametrize(
    ("runs", "looks"), [(1, [1]), (2, [2]), (3, [3]), (4, [3, 4]), (12, [4, 12]), (13, [5, 13])]
)
def test_a_candidate_is_looked_at_after_a_third_of_its_days_but_not_before_three(
    runs: int, looks: list[int]
) -> None:
    assert rungs(runs) == looks
