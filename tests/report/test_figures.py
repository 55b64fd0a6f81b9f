"""Figures: the same bytes each time, ids of their own, any sign in a name, an honest front."""

import re
from math import inf, isfinite

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcert.lab.figures import run as figures_run
from simcert.lab.figures import study as figures_study
from simcert.lab.figures import style as figures_style
from simcert.lab.figures.points import flagship_of, guess_harmful, panels
from simcert.lab.figures.study import Point, front, median_limits
from simcert.lab.figures.trace import Move, Trace

HOSTILE = "<b>$x_{$ & \"'\\frac"

numbers = st.floats(0, 1e6) | st.just(inf)


def a_point(harm: float, minutes: float, name: str = "p") -> Point:
    return Point(name, harm, (harm, harm), minutes, (minutes, minutes))


@given(st.lists(st.tuples(st.floats(0, 1e6), numbers), min_size=1, max_size=12))
def test_no_point_beats_one_of_the_front(pairs: list[tuple[float, float]]) -> None:
    points = [a_point(harm, minutes) for harm, minutes in pairs]
    kept = front(points)

    for one in kept:
        assert not any(
            p.harm <= one.harm and p.minutes < one.minutes and isfinite(p.minutes) for p in points
        )
    if any(isfinite(p.minutes) for p in points):
        assert min(p.harm for p in points if isfinite(p.minutes)) == kept[-1].harm


def test_who_knows_the_truth_is_no_rival() -> None:
    told = Point("oracle", 0.0, (0, 0), 0.0, (0, 0), omniscient=True)

    assert front([told, a_point(5.0, 3.0)]) == [a_point(5.0, 3.0)]


def test_limits_of_a_median_hold_as_often_as_they_say() -> None:
    rng = np.random.Generator(np.random.Philox(5))
    hits = 0
    for sample in rng.exponential(size=(2000, 25)):
        low, high = median_limits(sample.tolist())
        hits += low <= np.log(2.0) <= high

    assert hits >= 0.95 * 2000 - 3 * (0.95 * 0.05 * 2000) ** 0.5


def test_a_median_of_few_days_claims_no_more_than_their_range() -> None:
    assert median_limits([3.0, inf, 1.0]) == (1.0, inf)


def test_two_drawings_are_the_same_bytes() -> None:
    first, second = (_pareto("f1") for _ in range(2))

    assert first == second


def test_ids_begin_with_the_prefix_and_meet() -> None:
    drawn = _pareto("f7")
    ids = re.findall(r'\bid="([^"]*)"', drawn)
    used = re.findall(r'url\(#([^)]*)\)|href="#([^"]*)"', drawn)

    assert ids
    assert len(ids) == len(set(ids))
    assert all(one.startswith("f7-") for one in ids)
    assert {a or b for a, b in used} <= set(ids)


def test_ink_follows_the_page() -> None:
    drawn = _pareto("f1")

    assert "currentColor" in drawn
    for colour in (figures_style.INK, figures_style.BLUE, figures_style.FAINT):
        assert re.search(f"(?<!,){colour}", drawn) is None


def _pareto(prefix: str) -> str:
    points = [a_point(20.0, 17.0, HOSTILE), a_point(0.0, inf, "never"), a_point(900.0, 3.0, "fast")]
    figure = figures_study.pareto(points, HOSTILE, HOSTILE)
    return figures_style.to_svg(figure, prefix, HOSTILE)


def test_a_name_is_text_whatever_signs_it_has() -> None:
    drawn = _pareto("f1")

    assert "<b>" not in drawn
    assert "&lt;b&gt;$x_{$" in drawn


def test_no_name_is_struck_through_by_the_front() -> None:
    points = [
        figures_study.Point("quick", 24_000.0, (23_000.0, 25_000.0), 9.0, (9.0, 9.0)),
        figures_study.Point("gentle", 6.0, (2.0, 9.0), 60.0, (50.0, 70.0), flagship=True),
    ]
    axes = figures_study.pareto(points, "a", "b").axes[0]
    (name,) = (one for one in axes.texts if one.get_text() == "quick")

    assert abs(name.xyann[1]) > 6.0  # points; half the height of its letters


def test_a_long_name_at_the_right_edge_stays_on_the_page() -> None:
    points = [a_point(24_000.0, 9.0, "fixed_linear:step=0.1,every_s=300"), a_point(6.0, 1.0, "p")]
    figure = figures_study.pareto(points, "a", "b")
    figure.canvas.draw()
    axes = figure.axes[0]
    (name,) = (one for one in axes.texts if one.get_text().startswith("fixed"))

    assert name.get_window_extent().x1 <= axes.bbox.x1


def test_no_difference_has_no_sign() -> None:
    said = [figures_run.points(share) for share in (-0.0001, 0.0, 0.0001, -0.012, 0.5)]

    assert said == ["0.0 %", "0.0 %", "0.0 %", "−1.2 %", "+50.0 %"]


def test_numbers_go_to_the_decisions_that_end_it() -> None:
    climbs = [Move(60.0 * i, i / 40, (i + 1) / 40, "raise", "up") for i in range(30)]
    moves = [*climbs, Move(2000.0, 0.75, 0.0, "roll_back", "evidence")]
    chosen = figures_run.told(moves)

    assert len(chosen) == figures_run.TOLD
    assert chosen == sorted(chosen)
    assert {0, len(moves) - 1} <= set(chosen)


def test_a_journal_without_windows_still_draws() -> None:
    trace = Trace.of([{"entry": "confirm", "t": 60.0, "exposure": 0.05}])

    for draw in (figures_run.exposure, figures_run.success, figures_run.segments):
        assert "<svg" in figures_style.to_svg(draw(trace), "f1", "empty")


ROWS = [
    {"scenario": s, "policy": p, "harmed_connections": h, "minutes_to_full": m, "missed": False}
    | {"error": None}
    for s, p, h, m in (
        ("good", "fixed_linear", 0, 50.0),
        ("good", "adaptive:x=1", 0, 17.0),
        ("bad", "fixed_linear", 900, 50.0),
        ("bad", "adaptive:x=1", 20, None),
    )
]


def test_time_comes_from_the_good_scenario_and_harm_from_the_bad_one() -> None:
    (panel,) = panels(ROWS, guess_harmful(ROWS))

    assert (panel.time_in, panel.harm_in) == ("good", "bad")
    got = {p.policy: (p.minutes, p.harm, p.flagship) for p in panel.points}
    assert got == {"fixed_linear": (50.0, 900.0, False), "adaptive:x=1": (17.0, 20.0, True)}


TURNS = [(0.0, 1.0, "turn"), (60.0, 0.0, "back"), (3600.0, 1.0, "turn")]


@pytest.mark.parametrize(
    ("moves", "minutes"),
    [
        (TURNS, 60.0),
        (TURNS[:2], inf),
        ([*TURNS, (7200.0, 0.94, "lower")], inf),
        ([*TURNS, (7200.0, 1.0, "raise")], 60.0),
        ([(0.0, 0.1, "start"), (600.0, 0.95, "raise")], 10.0),
    ],
)
def test_full_exposure_counts_from_when_it_is_kept(
    moves: list[tuple[float, float, str]], minutes: float
) -> None:
    """Who serves the new certificate in turns is not quick, though everybody has it at once."""
    flown = {"minutes_to_full": moves[0][0] / 60.0, "moves": moves}
    rows = [row | (flown if row["scenario"] == "good" else {}) for row in ROWS]

    (panel,) = panels(rows, guess_harmful(rows))

    assert {p.minutes for p in panel.points} == {minutes}


@pytest.mark.parametrize("stem", ["good", "bad"])
def test_a_scenario_alone_gives_its_own_time_and_harm(stem: str) -> None:
    rows = [row for row in ROWS if row["scenario"] == stem]
    (panel,) = panels(rows, guess_harmful(rows))

    assert (panel.time_in, panel.harm_in) == (stem, stem)


def test_the_flagship_is_adaptive_or_the_first() -> None:
    assert flagship_of(["a", "adaptive:x=1"]) == "adaptive:x=1"
    assert flagship_of(["a", "b"]) == "a"


def test_a_notebook_shows_a_figure_by_itself() -> None:
    figure = figures_study.pareto([a_point(1.0, 2.0)], "good", "bad")

    assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]
