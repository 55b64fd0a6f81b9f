"""Bars and intervals for notebooks: who breaks, who connects, and how policies differ in pairs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simcert.errors import UnknownNameError
from simcert.lab.figures import style
from simcert.lab.figures.style import BLUE, FAINT, INK, RED
from simcert.lab.words import signal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simcert.lab.compare.study import Study
    from simcert.lab.population import Population
    from simcert.lab.predict.forecasts import Forecast

MOST = 14  # bars; the rest is one more
TEXT = 10.0


def plot_forecast(told: "Forecast") -> "Figure":
    """Return the clients that break as bars, largest first, with what the server will see."""
    broken = told.broken[:MOST]
    names = [row.title for row in broken]
    shares = [row.share for row in broken]
    notes = [signal(row.new.seen) for row in broken]
    if rest := told.broken[MOST:]:
        names.append(f"{len(rest)} more")
        shares.append(sum(row.share for row in rest))
        notes.append("")
    title = f"{100 * told.affected_share:.2g} % of connections break"
    return _bars(names, shares, notes, title if names else "No client breaks", RED)


def plot_population(who: "Population") -> "Figure":
    """Return the largest shares of connections as bars."""
    table = who.clients
    top = table.head(MOST)
    names, shares = [str(name) for name in top["name"]], [float(share) for share in top["share"]]
    if len(table) > MOST:
        names.append(f"{len(table) - MOST} more")
        shares.append(1.0 - sum(shares))
    return _bars(names, shares, [""] * len(names), f"{who.name}: share of connections", BLUE)


def plot_pairs(study: "Study", metric: str) -> "Figure":
    """Return paired differences with 95 % intervals, a row a pair; right of zero, `a` has more."""
    known = {one["metric"] for one in study.differences}
    if metric not in known:
        raise UnknownNameError("metric", metric, known)
    shown = [d for d in study.differences if d["metric"] == metric and d["diff"] is not None]
    with style.look(TEXT):
        figure = style.new_figure(8.0, 1.2 + 0.32 * max(len(shown), 2))
        figure.set_facecolor("white")
        axes = figure.add_subplot()
        for y, one in enumerate(reversed(shown)):
            low, high = (one["diff"] if v is None else v for v in one["ci95"])
            colour = INK if low <= 0.0 <= high else RED if one["diff"] > 0.0 else BLUE
            axes.hlines(y, low, high, color=colour, lw=2)
            axes.plot(one["diff"], y, "o", color=colour, ms=6)
        _both_ways(axes, [v for one in shown for v in (one["diff"], *one["ci95"]) if v is not None])
        pairs = [f"{one['a']} − {one['b']}, {one['scenario']}" for one in reversed(shown)]
        axes.set_yticks(range(len(pairs)), pairs)
        axes.set_ylim(-0.6, max(len(pairs), 1) - 0.4)
        told = f"difference in {metric.replace('_', ' ')}, a run (95 % interval)"
        axes.set_xlabel(told, loc="right")  # names of pairs may leave the axis little room
        _upright(axes)
    return figure


def _both_ways(axes: "Axes", values: Sequence[float]) -> None:
    """Scale the x axis by powers of ten in both directions, with zero between them."""
    from matplotlib.ticker import FixedLocator, NullLocator

    axes.axvline(0.0, color=FAINT, lw=1)
    axes.set_xscale("symlog", linthresh=1.0)
    top = max((abs(v) for v in values), default=1.0)
    powers = [10**k for k in range(0, 10, 1 if top < 1000 else 2) if 10**k <= 3.0 * top] or [1]
    ticks = [*(-p for p in reversed(powers)), 0, *powers]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([f"{tick:+,}".replace("-", "−") if tick else "0" for tick in ticks])


def _bars(
    names: Sequence[str], shares: Sequence[float], notes: Sequence[str], title: str, colour: str
) -> "Figure":
    with style.look(TEXT):
        figure = style.new_figure(8.0, 0.9 + 0.32 * max(len(names), 1))
        figure.set_facecolor("white")
        axes = figure.add_subplot()
        rows = range(len(names))[::-1]
        axes.barh(rows, shares, 0.72, color=colour, alpha=0.85)
        for y, share, note in zip(rows, shares, notes, strict=True):
            told = f"{100 * share:.2g} %" + (f"  {note}" if note else "")
            axes.annotate(told, (share, y), xytext=(5, 0), textcoords="offset points", va="center")
        axes.set_yticks(rows, names)
        axes.set_xlim(0.0, 1.62 * max(shares, default=1.0))
        axes.set_xticks([])
        axes.set_title(title, loc="left")
        _upright(axes)
        axes.spines["bottom"].set_visible(False)
    return figure


def _upright(axes: "Axes") -> None:
    """Let the rows speak: grid across, no ticks."""
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    style.clean(axes)
