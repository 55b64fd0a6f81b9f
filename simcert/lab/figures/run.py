"""Figures of one rollout: exposure with its decisions, success, outcomes, segments."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from simcert.lab.figures import style
from simcert.lab.figures.confidence import confidence_sequence
from simcert.lab.figures.names import segment_name
from simcert.lab.figures.style import BLUE, FAINT, GREEN, INK, PURPLE, RED
from simcert.lab.figures.trace import Bools, Counts, Floats, Move, Trace, cumulative
from simcert.lab.statistics import wilson
from simcert.model import NEW, OLD

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOOKS = {  # colour and marker of a move, by what it does
    "raise": (BLUE, "^"),
    "lower": (PURPLE, "v"),
    "roll_back": (RED, "X"),
    "complete": (GREEN, "o"),
    "hold": (FAINT, "o"),
}
TOPS = (0.02, 0.04, 0.12, 0.4, 1.0)  # upper ends of the exposure axis
TOLD = 6  # moves with a number in the figure
_RANK = {"roll_back": 3, "complete": 3, "lower": 1}
CELLS = 40  # columns of the heat map
SEEN = 10  # units that a cell needs before it says anything
NARROW_IN = 6.0  # inches; on narrower figures names are cut short
NONE = (FAINT, 0.16)  # tint of a cell without a sure difference
HOURS_FROM_S = 3 * 3600.0
MINUTES_FROM_S = 180.0


def told(moves: Sequence[Move]) -> list[int]:
    """Return the positions of the moves worth a number: ends first, then lowerings, then size."""

    def weight(i: int) -> tuple[float, float]:
        edge = 2.0 if i in (0, len(moves) - 1) else 0.0
        rank = max(_RANK.get(moves[i].kind, 0), edge)
        return rank, abs(moves[i].exposure - moves[i].before)

    best = sorted(range(len(moves)), key=weight, reverse=True)[:TOLD]
    return sorted(best)


def clock_axis(axes: "Axes", until_s: float) -> float:
    """Label the time axis in minutes or hours; return the seconds of its unit."""
    from matplotlib.ticker import MaxNLocator

    unit, word = (3600.0, "hours") if until_s > HOURS_FROM_S else (60.0, "minutes")
    if until_s < MINUTES_FROM_S:
        unit, word = 1.0, "seconds"
    axes.set_xlabel(f"{word} since the start")
    axes.set_xlim(0.0, until_s / unit)
    axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
    return unit


def percent_axis(axes: "Axes", digits: int = 0) -> None:
    """Write shares of the y axis as percent."""
    from matplotlib.ticker import FuncFormatter

    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:.{digits}f} %"))


def exposure(trace: Trace, width: tuple[float, float] = style.WIDE) -> "Figure":
    """Return exposure over time; the numbers stand beside the reasons in the report's table."""
    inches, size = width
    with style.look(size):
        figure = style.new_figure(inches, 0.16 * inches + 1.6)
        draw_exposure(figure.add_subplot(), trace)
    return figure


def draw_exposure(axes: "Axes", trace: Trace) -> None:
    """Draw what share of connections met the new certificate, with numbered moves."""
    unit = clock_axis(axes, trace.shown_s)
    t = [t_s for t_s, _ in trace.steps] or [0.0]
    share = [e for _, e in trace.steps] or [0.0]
    x = np.array([0.0, *t, trace.shown_s]) / unit
    y = np.array([0.0, *share, share[-1]])
    axes.fill_between(x, y, step="post", color=BLUE, alpha=0.14, lw=0)
    axes.step(x, y, where="post", color=BLUE, label="exposure")
    _marks(axes, trace.moves, unit)
    top = next(top for top in TOPS if max(y) <= top)
    axes.set_ylim(-0.02 * top, 1.12 * top)
    axes.set_yticks([0, 0.25 * top, 0.5 * top, 0.75 * top, top])
    percent_axis(axes, 0 if top > 0.1 else 1)
    axes.set_ylabel("served the new certificate")
    style.clean(axes)


def _marks(axes: "Axes", moves: Sequence[Move], unit: float) -> None:
    chosen = told(moves)
    for i, move in enumerate(moves):
        colour, marker = LOOKS.get(move.kind, LOOKS["hold"])
        big = i in chosen
        axes.plot(
            move.t_s / unit, move.exposure, marker, color=colour, ms=8 if big else 3.5, mew=0,
            clip_on=False, zorder=3,
        )  # fmt: skip
    for number, i in enumerate(chosen, 1):
        _number(axes, moves[i], number, unit)


def _number(axes: "Axes", move: Move, number: int, unit: float) -> None:
    colour, _ = LOOKS.get(move.kind, LOOKS["hold"])
    aside = (-2, 7)
    if move.exposure < move.before:  # left of a fall is free: the line comes from above
        aside = (-7, 7) if move.exposure == 0.0 else (-7, -1)
    axes.annotate(
        str(number), (move.t_s / unit, move.exposure), xytext=aside, textcoords="offset points",
        ha="left" if aside[0] > 0 else "right", va="center", color=colour, fontweight="bold",
        annotation_clip=False,
    )  # fmt: skip


def success(trace: Trace, width: tuple[float, float] = style.NARROW) -> "Figure":
    """Return success of both certificates since the start, with confidence sequences."""
    inches, size = width
    with style.look(size):
        figure = style.new_figure(inches, 0.16 * inches + 2.2)
        draw_success(figure.add_subplot(), trace)
    return figure


def draw_success(axes: "Axes", trace: Trace) -> None:
    """Draw the running success rate of each arm inside limits that hold at all times at once.

    The axis is made for the last limits; the first, when nothing is known yet, are wider than it.
    """
    unit = clock_axis(axes, trace.shown_s)
    t, n, failed = cumulative(trace)
    floors = []
    for arm, name, colour, dashes in ((OLD, "old", FAINT, (4, 2)), (NEW, "new", BLUE, ())):
        served = n[:, arm] > 0
        if not served.any():
            continue
        f, units = failed[served, arm], n[served, arm]
        low, high = confidence_sequence(f, units)
        x, rate = t[served] / unit, 1.0 - f / units
        axes.fill_between(x, 1.0 - high, 1.0 - low, color=colour, alpha=0.18, lw=0)
        axes.plot(x, rate, color=colour, dashes=dashes or (None, None), label=f"{name} certificate")
        floors.append(min(float(1.0 - high[-1]), float(np.quantile(rate, 0.05))))
    if floors:
        room = max(1.0 - min(floors), 0.001)
        axes.set_ylim(max(1.0 - 1.25 * room, 0.0), 1.0 + 0.06 * room)
        axes.legend(loc="lower right")
    percent_axis(axes, 1 if floors and min(floors) > 0.8 else 0)
    axes.set_ylabel("first handshakes that succeed")
    style.clean(axes)


def outcomes(trace: Trace, width: tuple[float, float] = style.NARROW) -> "Figure":
    """Return failures per thousand first handshakes by outcome, old against new."""
    inches, size = width
    total = trace.fair().sum(axis=0)
    shown = _commonest(trace, total)
    with style.look(size):
        figure = style.new_figure(inches, max(1.0 + 0.36 * len(shown), 2.2))
        _draw_outcomes(figure.add_subplot(), trace, total, shown)
    return figure


def _commonest(trace: Trace, total: Counts, most: int = 8) -> list[int]:
    """Positions of the failures seen most often in either arm, the largest last (on top)."""
    share = total / np.maximum(total.sum(axis=1, keepdims=True), 1)
    top = share.max(axis=0)
    return sorted((i for i in range(1, len(trace.outcomes)) if top[i] > 0), key=top.__getitem__)[
        -most:
    ]


def _draw_outcomes(axes: "Axes", trace: Trace, total: Counts, shown: list[int]) -> None:
    looks = ((OLD, "old", FAINT, "o", 0.13), (NEW, "new", BLUE, "D", -0.13))
    for arm, name, colour, marker, up in looks:
        n = int(total[arm].sum())
        hits = [int(total[arm, i]) for i in shown]
        y = np.arange(len(shown)) + up
        axes.plot(
            [1000 * h / max(n, 1) for h in hits], y, marker, color=colour, ms=6, mew=0,
            clip_on=False, zorder=3, label=f"{name} certificate",
        )  # fmt: skip
        limits = [wilson(h, n) for h in hits]
        axes.hlines(
            y, [1000 * (a or 0) for a, _ in limits], [1000 * (b or 0) for _, b in limits],
            color=colour, lw=1.6, alpha=0.55,
        )  # fmt: skip
    axes.set_yticks(range(len(shown)), [spaced(trace.outcomes[i]) for i in shown])
    axes.set_ylim(-0.6, max(len(shown), 1) - 0.4)
    axes.set_xlim(left=0)
    axes.set_xlabel("per 1,000 first handshakes")
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.legend(loc="lower right")
    style.clean(axes)


def spaced(outcome: str) -> str:
    """Return an outcome as words, on two lines where it names an alert."""
    return outcome.replace(":", ":\n").replace("_", " ")


def segments(trace: Trace, width: tuple[float, float] = style.WIDE) -> "Figure":
    """Return the heat map: how much more often each segment fails with the new certificate."""
    inches, size = width
    with style.look(size):
        figure = style.new_figure(inches, 1.0 + 0.3 * max(len(trace.segments), 2))
        draw_segments(figure.add_subplot(), trace, 34 if inches > NARROW_IN else 22)
    return figure


def draw_segments(axes: "Axes", trace: Trace, most: int = 34) -> None:
    """Draw excess failures since the start, a row a segment; grey is none beyond doubt.

    Names of segments are cut to `most` characters.
    """
    unit = clock_axis(axes, trace.shown_s)
    excess, sure = excess_of(trace)
    order = np.argsort(trace.units.sum(axis=(0, 2, 3)))
    step = trace.shown_s / unit / CELLS
    for row, s in enumerate(order):
        for first, last, value in _joined(np.where(sure[s], excess[s], excess[s] * 0.0)):
            colour, alpha = (RED, 0.25 + 0.75 * value) if value else NONE
            width, start = (last - first) * step, first * step
            axes.barh(row, width, 0.84, start, lw=0, color=colour, alpha=alpha)
        _final(axes, trace.shown_s / unit, row, excess[s], sure=bool(sure[s, -1]))
    axes.set_yticks(range(len(order)), [segment_name(trace.segments[s], most) for s in order])
    axes.set_ylim(-0.6, max(len(order), 1) - 0.4)
    axes.grid(visible=False)
    style.clean(axes)
    axes.spines["bottom"].set_visible(False)


def _final(axes: "Axes", x: float, row: int, values: Floats, *, sure: bool) -> None:
    """Write the last value that is known at the end of the row."""
    known = values[~np.isnan(values)]
    text = points(float(known[-1])) if len(known) else "too few"
    axes.annotate(
        text, (x, row), xytext=(6, 0), textcoords="offset points", va="center",
        color=RED if sure else INK, annotation_clip=False,
    )  # fmt: skip


def excess_of(trace: Trace) -> tuple[Floats, Bools]:
    """Return failure share new minus old since the start [segment, cell], and whether it is sure.

    nan where the new certificate met fewer than `SEEN` units; sure where the 95 % intervals of the
    two shares do not overlap (a picture's test: decisions rest on the policy's own evidence).
    """
    limits = np.linspace(0.0, trace.shown_s, CELLS + 1)[1:]
    at = np.searchsorted(trace.ends_s, limits, side="right")  # windows that lie before
    before = np.zeros_like(trace.units, shape=(1, *trace.units.shape[1:]))
    total = np.concatenate([before, trace.units.cumsum(axis=0)])[at]
    n = total.sum(axis=3).T  # [arm, segment, cell]
    failed = n - total[:, :, :, 0].T
    rate = failed / np.maximum(n, 1)
    excess: Floats = np.where((n[NEW] >= SEEN) & (n[OLD] > 0), rate[NEW] - rate[OLD], np.nan)
    low, high = _wilson(failed[NEW], n[NEW])[0], _wilson(failed[OLD], n[OLD])[1]
    return excess, ~np.isnan(excess) & (low > high)


def _wilson(hits: Counts, n: Counts, z2: float = 1.96**2) -> tuple[Floats, Floats]:
    units = np.maximum(n, 1)
    half = np.sqrt(z2 * (hits * (units - hits) / units + z2 / 4)) / (units + z2)
    middle = (hits + z2 / 2) / (units + z2)
    return middle - half, middle + half


def _joined(row: Floats) -> list[tuple[int, int, float]]:
    """Join neighbouring cells of equal tint: (first, last + 1, value); leave out unknown ones."""
    tints = np.round(np.clip(row, 0.0, 1.0) * 25) / 25
    runs: list[tuple[int, int, float]] = []
    for i, tint in enumerate(tints):
        if np.isnan(tint):
            continue
        if runs and runs[-1][1] == i and runs[-1][2] == tint:
            runs[-1] = (runs[-1][0], i + 1, float(tint))
        else:
            runs.append((i, i + 1, float(tint)))
    return runs


def points(share: float) -> str:
    """Return a difference of shares in percent with its sign; nothing has none."""
    text = f"{100 * share:+.1f} %"
    return "0.0 %" if float(text[:-2]) == 0.0 else text.replace("-", "−")
