"""Figures for notebooks: what `RunResult.plot()` and `Study.plot()` return, on a white ground.

Save them with `figure.savefig("name.svg")` or `.png`; reports draw the same axes on the page's own
ground.
"""

from typing import TYPE_CHECKING

from simcert.lab import figures_run, figures_study, figures_style
from simcert.lab.figures_points import Panel, panels
from simcert.lab.figures_trace import Trace

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from simcert.lab.run import RunResult
    from simcert.lab.study import Study


def plot_run(result: "RunResult") -> "Figure":
    """Return exposure with its decisions, and below it success of both certificates."""
    trace = Trace.of(result.entries)
    with figures_style.look(10.0):
        figure = figures_style.new_figure(8.0, 5.6)
        figure.set_facecolor("white")
        top, bottom = figure.subplots(2, sharex=True)
        figures_run.draw_exposure(top, trace)
        figures_run.draw_success(bottom, trace)
        top.set_xlabel("")
        top.set_title(f"{result.scenario}, {result.policy}: {result.end}", loc="left")
    return figure


def plot_study(study: "Study") -> "Figure":
    """Return harm against time for all policies, a panel for each scenario that breaks clients."""
    harmful = {setup.scenario.stem: setup.truth.harmful for setup in study.setups}
    return plot_panels(panels(study.rows, harmful))


def plot_panels(shown: list[Panel]) -> "Figure":
    """Return Pareto panels side by side."""
    with figures_style.look(10.0):
        figure = figures_style.new_figure(5.2 * max(len(shown), 1), 4.4)
        figure.set_facecolor("white")
        for i, panel in enumerate(shown, 1):
            axes = figure.add_subplot(1, len(shown), i)
            figures_study.draw_pareto(axes, panel.points, panel.time_in, panel.harm_in)
    return figure
