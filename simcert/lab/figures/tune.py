"""Figures of a study: the search and what fresh days left of it, scenarios, parameters, checks.

All ratios are to the defaults on equal days and stand on a log scale: half and double are equally
far from 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Any

from simcert.lab.figures import style
from simcert.lab.figures.style import BLUE, FAINT, GREEN, INK, RED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simcert.lab.finished import TuneFolder

Size = tuple[float, float]
LABEL = "ratio to the defaults, 95 % interval"
FAR = log(8.0)  # log ratio at which a candidate is drawn on the rim
TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 1.0, 1.25, 2.0, 5.0, 10.0, 20.0, 50.0)
HUES = {"better": GREEN, "worse": RED, "same": FAINT}


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a forest: a figure, its 95 % limits if known, and how it is to be taken."""

    name: str
    value: float
    limits: tuple[float, float] | None
    verdict: str


def drawn(folder: "TuneFolder") -> tuple[list[Any], list[dict[str, Any]], int | None]:
    """Return trials, members with what the search believed of them, and the chosen one's place."""
    found, by = folder.tune, {one["trial"]: one for one in folder.trials}
    pairs = zip(found["front"], found["front_trials"], strict=True)
    members = [{**one, **{k: by[trial][k] for k in ("harm", "time")}} for one, trial in pairs]
    return folder.trials, members, chosen_at(found)


def chosen_at(found: Mapping[str, Any]) -> int | None:
    """Return the place of the chosen point in the front."""
    trial = found["chosen_trial"]
    return None if trial is None else found["front_trials"].index(trial)


def bars(found: Mapping[str, Any]) -> list[Bar]:
    """Return the scenarios of the last judgement, the best first."""
    judged = sorted(found["chosen"]["scenarios"], key=lambda one: one["ratio"])
    return [
        Bar(one["scenario"], one["ratio"], one["ci95"] and tuple(one["ci95"]), one["verdict"])
        for one in judged
    ]


def front(
    trials: Sequence[Mapping[str, Any]],
    members: Sequence[Mapping[str, Any]],
    chosen: int | None,
    size: Size = style.NARROW,
) -> "Figure":
    """Return all candidates, the front, and arrows from its members to what fresh days said."""
    inches, text = size
    with style.look(text):
        figure = style.new_figure(inches, 0.45 * inches + 2.0)
        axes = figure.add_subplot()
        _cloud(axes, trials)
        _members(axes, members, chosen)
        axes.plot(0.0, 0.0, "P", ms=9, color=INK, mew=0, zorder=4)
        axes.annotate("defaults", (0, 0), xytext=(7, -11), textcoords="offset points", color=INK)
        _ratio_axis(axes, "x", "time to everybody, ratio to the defaults")
        _ratio_axis(axes, "y", "connections broken, ratio to the defaults")
        axes.axhline(0.0, color=FAINT, lw=0.8)
        axes.axvline(0.0, color=FAINT, lw=0.8)
        style.clean(axes, left=True)
    return figure


def _cloud(axes: "Axes", trials: Sequence[Mapping[str, Any]]) -> None:
    """Draw every candidate that was flown: full if it keeps all limits."""
    flown = [one for one in trials if one["harm"] is not None]
    for fit in (False, True):
        mine = [one for one in flown if bool(one["feasible"] and not one["stopped"]) is fit]
        x, y = ([_near(one[key]) for one in mine] for key in ("time", "harm"))
        axes.plot(x, y, "o", ms=5, mfc=FAINT if fit else "none", mec=FAINT, mew=0.9, alpha=0.8)


def _members(axes: "Axes", members: Sequence[Mapping[str, Any]], chosen: int | None) -> None:
    for i, one in enumerate(members):
        colour, fresh = (BLUE if i == chosen else INK), one["fresh"]
        start = (_near(one["time"]), _near(one["harm"]))
        end = (_near(log(fresh["time_ratio"])), _near(log(fresh["harm_ratio"])))
        arrow = {"arrowstyle": "-|>", "color": colour, "lw": 0.9, "shrinkA": 0, "shrinkB": 2}
        axes.annotate("", end, xytext=start, arrowprops=arrow, zorder=3)
        axes.plot(*end, "o", ms=9 if i == chosen else 5.5, color=colour, mew=0, zorder=4)
        if i == chosen:
            axes.annotate(
                "chosen", end, xytext=(8, 7), textcoords="offset points", color=BLUE,
                fontweight="bold",
            )  # fmt: skip


def _near(value: float) -> float:
    return min(max(value, -FAR), FAR)


def _ratio_axis(axes: "Axes", which: str, label: str) -> None:
    """Label an axis of log ratios by ratios."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = axis.get_view_interval()
    low, high = min(low, -0.3), max(high, 0.3)
    axes.set(**{f"{which}lim": (low, high), f"{which}label": label})
    kept: list[float] = []
    for tick in sorted(TICKS, key=lambda one: abs(log(one))):
        room = min((abs(log(tick / other)) for other in kept), default=high - low)
        if low <= log(tick) <= high and room > 0.11 * (high - low):
            kept.append(tick)
    axis.set_ticks([log(tick) for tick in kept], [f"×{tick:g}" for tick in kept])


def forest(bars: Sequence[Bar], label: str, size: Size = style.NARROW) -> "Figure":
    """Return a line a scenario: ratio to the defaults with its interval, the best first."""
    inches, text = size
    with style.look(text):
        figure = style.new_figure(inches, 0.9 + 0.026 * text * len(bars))
        axes = figure.add_subplot()
        for i, bar in enumerate(bars):
            colour = HUES[bar.verdict]
            if bar.limits is not None:
                low, high = (_rim(log(end)) for end in bar.limits)
                axes.hlines(i, low, high, color=colour, lw=2.2)
            axes.plot(_rim(log(bar.value)), i, "o", ms=6, color=colour, mew=0)
        axes.axvline(0.0, color=INK, lw=0.9)
        _ratio_axis(axes, "x", label)
        _rows(axes, [bar.name for bar in bars])
    return figure


def _rim(value: float) -> float:
    return min(max(value, log(TICKS[0])), log(TICKS[-1]))


def _rows(axes: "Axes", names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), list(names))
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False)
    axes.grid(visible=True, axis="x")
    style.clean(axes)


def importances(found: Mapping[str, Mapping[str, float]], size: Size = style.NARROW) -> "Figure":
    """Return for each parameter how much of each objective's spread among the good it explains."""
    inches, text = size
    harm, time = found.get("harm", {}), found.get("time", {})
    names = sorted({*harm, *time}, key=lambda k: -(harm.get(k, 0.0) + time.get(k, 0.0)))[:12]
    with style.look(text):
        figure = style.new_figure(inches, 1.1 + 0.034 * text * len(names))
        axes = figure.add_subplot()
        rows = range(len(names))
        axes.barh(
            [i - 0.18 for i in rows],
            [harm.get(k, 0.0) for k in names],
            0.34,
            color=RED,
            label="harm",
        )
        axes.barh(
            [i + 0.18 for i in rows],
            [time.get(k, 0.0) for k in names],
            0.34,
            color=BLUE,
            label="time",
        )
        axes.set_xlabel("share explained")
        axes.legend(loc="lower right")
        _rows(axes, names)
    return figure


def shares(bars: Sequence[Bar], limit: float, size: Size = style.NARROW) -> "Figure":
    """Return a line a check: share of days as expected, exact limits, and the share demanded."""
    inches, text = size
    hues = {"pass": GREEN, "fail": RED}
    with style.look(text):
        figure = style.new_figure(inches, 0.9 + 0.026 * text * len(bars))
        axes = figure.add_subplot()
        for i, bar in enumerate(bars):
            colour = hues.get(bar.verdict, INK)
            if bar.limits is not None:
                axes.hlines(i, *bar.limits, color=colour, lw=2.2, alpha=0.6)
            axes.plot(bar.value, i, "o", ms=6, color=colour, mew=0, clip_on=False)
        axes.axvline(limit, color=INK, lw=0.9, dashes=(3, 3))
        axes.set_xlim(
            min([limit - 0.1, *(b.value for b in bars), *(b.limits[0] for b in bars if b.limits)]),
            1.0,
        )
        axes.set_xlabel("share of days on which all expectations were met")
        axes.xaxis.set_major_formatter(lambda share, _: f"{100.0 * share:.0f} %")
        _rows(axes, [bar.name for bar in bars])
    return figure
