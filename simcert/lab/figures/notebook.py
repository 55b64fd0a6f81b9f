"""Figures for notebooks: what `RunResult.plot()` and `Study.plot()` return, on a white ground.

Save them with `figure.savefig("name.svg")` or `.png`; reports draw the same axes on the page's own
ground.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simcert.errors import InputError, UnknownNameError
from simcert.lab.figures import run as draw_run
from simcert.lab.figures import study as draw_study
from simcert.lab.figures import style
from simcert.lab.figures import tune as draw_tune
from simcert.lab.figures.points import Panel, flagship_of, panels
from simcert.lab.figures.trace import Trace

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from simcert.lab.compare.study import Study
    from simcert.lab.finished import TuneFolder
    from simcert.lab.replay.recorded import Recorded
    from simcert.lab.run.result import RunResult


def plot_run(result: "RunResult") -> "Figure":
    """Return exposure with its decisions, and below it success of both certificates."""
    title = f"{result.scenario}, {result.policy}: {result.end}"
    return plot_entries(result.entries, title)


def plot_entries(entries: Sequence[Mapping[str, Any]], title: str) -> "Figure":
    """Return the same for the entries of any journal."""
    trace = Trace.of(entries)
    with style.look(10.0):
        figure = style.new_figure(8.0, 5.6)
        figure.set_facecolor("white")
        top, bottom = figure.subplots(2, sharex=True)
        draw_run.draw_exposure(top, trace)
        draw_run.draw_success(bottom, trace)
        top.set_xlabel("")
        top.set_title(title, loc="left")
    return figure


def plot_outcomes(result: "RunResult | Recorded") -> "Figure":
    """Return how handshakes ended with either certificate."""
    return _white(draw_run.outcomes(Trace.of(result.entries), (7.0, 10.0)))


def plot_segments(result: "RunResult | Recorded") -> "Figure":
    """Return excess failures of each segment over time."""
    return _white(draw_run.segments(Trace.of(result.entries), (8.0, 10.0)))


def plot_days(study: "Study", scenario: str | None, run: int) -> "Figure":
    """Return the exposure of one run under each policy, small multiples on the same axes."""
    stems = dict.fromkeys(setup.scenario.stem for setup in study.setups)
    chosen = scenario or next(iter(stems))
    if chosen not in stems:
        raise UnknownNameError("scenario of this study", chosen, stems)
    rows = [row for row in study.rows if row["scenario"] == chosen and row["run"] == run]
    if not rows:
        raise InputError(f"run {run}: the study has runs 0 to {study.planned - 1}")
    days = [
        draw_study.Day(row["policy"], [(t, e) for t, e, _ in row["moves"]], row["end"])
        for row in rows
        if row["error"] is None
    ]
    horizon_s = max(s.spec.horizon_s for s in study.setups if s.scenario.stem == chosen)
    flagship = flagship_of([day.policy for day in days])
    return _white(draw_study.days(days, flagship, horizon_s, (9.0, 10.0)))


def _white(figure: "Figure") -> "Figure":
    figure.set_facecolor("white")
    return figure


def plot_front(told: "TuneFolder") -> "Figure":
    """Return all candidates of a search, its front, and what fresh days said of it."""
    return _white(draw_tune.front(*draw_tune.drawn(told), (6.0, 10.0)))


def plot_importances(told: "TuneFolder") -> "Figure":
    """Return which parameters matter."""
    return _white(draw_tune.importances(told.tune["importances"], (6.0, 10.0)))


def plot_scenarios(told: "TuneFolder") -> "Figure":
    """Return the chosen point against the defaults, scenario by scenario."""
    return _white(draw_tune.forest(draw_tune.bars(told.tune), draw_tune.LABEL, (7.0, 10.0)))


def plot_checks(bars: Sequence[draw_tune.Bar], least: float) -> "Figure":
    """Return shares of days as expected, a row a scenario, and the share demanded."""
    return _white(draw_tune.shares(bars, least, (7.0, 10.0)))


def plot_study(study: "Study") -> "Figure":
    """Return harm against time for all policies, a panel for each scenario that breaks clients."""
    harmful = {setup.scenario.stem: setup.truth.harmful for setup in study.setups}
    return plot_panels(panels(study.rows, harmful))


def plot_panels(shown: list[Panel]) -> "Figure":
    """Return Pareto panels side by side."""
    with style.look(10.0):
        figure = style.new_figure(5.2 * max(len(shown), 1), 4.4)
        figure.set_facecolor("white")
        for i, panel in enumerate(shown, 1):
            axes = figure.add_subplot(1, len(shown), i)
            draw_study.draw_pareto(axes, panel.points, panel.time_in, panel.harm_in)
    return figure
