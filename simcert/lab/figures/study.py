"""Figures of a batch: harm against time for all policies, and one day under each of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf, isfinite
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import bdtr

from simcert.lab.figures import style
from simcert.lab.figures.style import BLUE, FAINT, INK, RED
from simcert.lab.statistics import mean, t_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TICKS_MIN = {1: "1 min", 10: "10 min", 60: "1 h", 360: "6 h", 1440: "1 day", 10080: "1 week"}
NEAR = 12.0  # points that a name may move before it is tied to its mark
LINEAR_TO = 1.0  # connections; below it the harm axis is linear, so that zero has a place


@dataclass(frozen=True, slots=True)
class Point:
    """One policy: harm where the certificate breaks, time where it is good; with 95 % limits."""

    policy: str
    harm: float
    harm_limits: tuple[float, float]
    minutes: float  # inf: more than half of the runs never reached everybody for good
    minutes_limits: tuple[float, float]
    flagship: bool = False
    omniscient: bool = False


def median_limits(values: Sequence[float]) -> tuple[float, float]:
    """Return distribution-free 95 % limits of the median: two order statistics (binomial law)."""
    ranked, n = sorted(values), len(values)
    low = sum(bdtr(k, n, 0.5) <= 0.025 for k in range(n))
    return (ranked[low - 1], ranked[n - low]) if low else (ranked[0], ranked[-1])


def point(
    policy: str,
    harmed: Sequence[float],
    minutes: Sequence[float],
    *,
    flagship: bool = False,
    omniscient: bool = False,
) -> Point:
    """Return the point of a policy from its runs; `minutes` of runs that never arrived are inf."""
    low, high = t_interval(harmed)
    middle = mean(harmed) or 0.0
    limits = (max(low or 0.0, 0.0), high if high is not None else middle)
    time, around = float(np.median(minutes)), median_limits(minutes)
    return Point(policy, middle, limits, time, around, flagship, omniscient)


def front(points: Sequence[Point]) -> list[Point]:
    """Return the points that no other beats in both, fastest first; the omniscient do not count."""
    honest = [p for p in points if not p.omniscient and isfinite(p.minutes)]
    ranked = sorted(honest, key=lambda p: (p.minutes, p.harm))
    best, kept = inf, []
    for one in ranked:
        if one.harm < best:
            best = one.harm
            kept.append(one)
    return kept


def pareto(
    points: Sequence[Point],
    time_in: str,
    harm_in: str,
    width: tuple[float, float] = style.NARROW,
) -> "Figure":
    """Return harm against time; left and low is better, and who is never full has a band."""
    inches, size = width
    with style.look(size):
        figure = style.new_figure(inches, 0.45 * inches + 1.9)
        draw_pareto(figure.add_subplot(), points, time_in, harm_in)
    return figure


def draw_pareto(axes: "Axes", points: Sequence[Point], time_in: str, harm_in: str) -> None:
    """Draw one point a policy with limits, the front, and a name beside each."""
    finite = [m for p in points for m in (p.minutes, *p.minutes_limits) if isfinite(m)]
    low, high = max(min(finite, default=1.0), 0.5), max(*finite, 2.0, 0.0)
    never = high * (high / low) ** 0.3 * 2.0
    _front(axes, points, low)
    for one in points:
        _point(axes, one, low, never)
    _scales(axes, points, low, high, never)
    axes.set_xlabel(f"time until everybody has it for good ({time_in})")
    axes.set_ylabel(f"connections broken ({harm_in})")
    _names(axes, points, low, never)
    axes.text(
        0.02, 0.13, "better: left and low", transform=axes.transAxes, color=FAINT, style="italic"
    )
    style.clean(axes, left=True)


def _at(one: Point, low: float, never: float) -> float:
    return max(one.minutes, low) if isfinite(one.minutes) else never


def _front(axes: "Axes", points: Sequence[Point], low: float) -> None:
    kept = front(points)
    x = [_at(p, low, low) for p in kept]
    if len(kept) > 1:
        axes.step(x, [p.harm for p in kept], where="post", color=BLUE, lw=1, alpha=0.5, zorder=1)


def _point(axes: "Axes", one: Point, low: float, never: float) -> None:
    colour = BLUE if one.flagship else FAINT
    x = _at(one, low, never)
    axes.vlines(x, *one.harm_limits, color=colour, lw=1.6, alpha=0.7)
    if isfinite(one.minutes):
        left, right = (min(max(v, low), never) for v in one.minutes_limits)
        axes.hlines(one.harm, left, right, color=colour, lw=1.6, alpha=0.7)
    face = "none" if one.omniscient else colour
    axes.plot(
        x, one.harm, "o", ms=10 if one.flagship else 7, mfc=face, mec=colour, mew=1.5,
        zorder=3, clip_on=False,
    )  # fmt: skip


def _scales(axes: "Axes", points: Sequence[Point], low: float, high: float, never: float) -> None:
    """Log time with a band for who is never full; log harm with a linear foot for zero."""
    from matplotlib.ticker import FixedLocator, NullLocator

    axes.set_xscale("log")
    axes.set_yscale("symlog", linthresh=LINEAR_TO, linscale=0.4)
    axes.set_xlim(low / 1.5, never * 2.6)
    top = max(max(p.harm, p.harm_limits[1]) for p in points)
    axes.set_ylim(-0.25, max(top * 6.0, 3.0))
    inside: dict[float, str] = {k: v for k, v in TICKS_MIN.items() if low / 1.4 <= k <= high * 1.3}
    inside = inside or {low: f"{low:.0f} min"}
    if any(not isfinite(p.minutes) for p in points):
        inside[never] = "never full"
        axes.axvspan((high * never) ** 0.5, never * 2.6, color=FAINT, alpha=0.1, lw=0, zorder=0)
    axes.xaxis.set_major_locator(FixedLocator(list(inside)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels(list(inside.values()))
    harm = [0, *(10**k for k in range(8) if 10**k <= max(top * 6.0, 3.0))]
    axes.yaxis.set_major_locator(FixedLocator(harm))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_yticklabels([f"{h:,}" for h in harm])


def _names(axes: "Axes", points: Sequence[Point], low: float, never: float) -> None:
    """Write names beside points, moved up or down where they would cover a name or a mark."""
    scale = axes.figure.dpi / 72.0
    size = float(axes.yaxis.label.get_fontsize()) * scale
    spots = {p.policy: axes.transData.transform((_at(p, low, never), p.harm)) for p in points}
    taken = [(x - size / 2, x + size / 2, y) for x, y in spots.values()]
    taken += [_span(axes, p, low, never) for p in points if isfinite(p.minutes)]
    (rim, _), (edge, _) = axes.transAxes.transform([(0.0, 0.0), (1.0, 0.0)])
    steps = [spots[p.policy] for p in front(points)]
    taken += [(x, right, y) for (x, y), (right, _) in pairwise(steps)]
    for one in sorted(points, key=lambda p: (not p.flagship, -spots[p.policy][0])):
        x, y = spots[one.policy]
        width = 0.62 * size * len(one.policy)
        left = not isfinite(one.minutes)
        start = x - size - width if left else max(min(x + 0.6 * size, edge - width), rim)
        tries = (y + size / 4 * k * sign for k in range(24) for sign in (1, -1))
        place = next((at for at in tries if _free(taken, start, width, at, size)), y)
        taken.append((start, start + width, place))
        aside = -8.0 if left else 8.0 + min(start - x - 0.6 * size, 0.0) / scale
        _name(axes, one, _at(one, low, never), (aside, (place - y) / scale))


def _span(axes: "Axes", one: Point, low: float, never: float) -> tuple[float, float, float]:
    """Return left, right and height of a point's time limits on the canvas."""
    ends = [min(max(v, low), never) for v in one.minutes_limits]
    (left, height), (right, _) = (axes.transData.transform((v, one.harm)) for v in ends)
    return left, right, height


def _free(
    taken: Sequence[tuple[float, float, float]], start: float, width: float, at: float, size: float
) -> bool:
    return not any(
        a < start + width and start < b and abs(at - y) < 1.15 * size for a, b, y in taken
    )


def _name(axes: "Axes", one: Point, x: float, offset: tuple[float, float]) -> None:
    """Write a name; one that had to move is tied to its point by a thin line."""
    tie = {"arrowstyle": "-", "color": FAINT, "lw": 0.6, "shrinkA": 0, "shrinkB": 3}
    axes.annotate(
        one.policy, (x, one.harm), xytext=offset, textcoords="offset points",
        ha="left" if isfinite(one.minutes) else "right", va="center",
        color=BLUE if one.flagship else INK,
        fontweight="bold" if one.flagship else "normal", annotation_clip=False,
        arrowprops=tie if abs(offset[1]) > NEAR else None,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Day:
    """What one policy did on one day: change points of exposure, and how it ended."""

    policy: str
    steps: Sequence[tuple[float, float]]
    end: str


def days(
    lines: Sequence[Day],
    flagship: str,
    until_s: float,
    width: tuple[float, float] = style.WIDE,
) -> "Figure":
    """Return one small exposure picture a policy, all on the same day and the same axes."""
    inches, size = width
    columns = 4 if inches > 6 else 2
    rows = -(-len(lines) // columns)
    with style.look(size):
        figure = style.new_figure(inches, 0.5 + rows * (1.15 if inches > 6 else 1.25))
        for i, day in enumerate(lines):
            axes = figure.add_subplot(rows, columns, i + 1)
            _day(axes, day, until_s, BLUE if day.policy == flagship else FAINT)
            _outer_labels(axes, bottom=i + columns >= len(lines), left=i % columns == 0)
    return figure


def _day(axes: "Axes", day: Day, until_s: float, colour: str) -> None:
    hours, steps = until_s / 3600.0, day.steps
    last = steps[-1][1] if steps else 0.0
    x = [0.0, *(t / 3600.0 for t, _ in steps), hours]
    y = [0.0, *(e for _, e in steps), last]
    axes.fill_between(x, y, step="post", color=colour, alpha=0.18, lw=0)
    axes.step(x, y, where="post", color=colour, lw=1.3)
    axes.set_title(
        day.policy, loc="left", fontsize="medium", color=BLUE if colour == BLUE else INK,
        fontweight="bold" if colour == BLUE else "normal",
    )  # fmt: skip
    if steps and day.end == "rolled_back":
        axes.plot(steps[-1][0] / 3600.0, 0.0, "X", color=RED, ms=6, mew=0, clip_on=False)
    axes.set_ylim(0, 1.05)
    axes.set_yticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    axes.set_xlim(0, hours)
    axes.set_xticks([0, hours / 2, hours], ["0 h", f"{hours / 2:g} h", f"{hours:g} h"])
    style.clean(axes)


def _outer_labels(axes: "Axes", *, bottom: bool, left: bool) -> None:
    """Keep labels at the rim of the grid only; the outer ones grow inwards."""
    first, *_, last = axes.get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
    axes.tick_params(labelbottom=bottom, labelleft=left)
