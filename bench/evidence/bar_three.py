"""Bar 3: `adaptive` against fixed schedules that have the same guard and the same time to full."""

from collections.abc import Iterable

import numpy as np

from bench.evidence import record
from bench.evidence.cells import FRESH, Cell, Figures, measure
from bench.evidence.record import Bar
from bench.evidence.rivals import dominance
from bench.evidence.world import World

FULL_AT = 18  # windows: the median time of `adaptive`, rounded up in favour of the schedules
DELTAS = (0.0075, 0.01, 0.02, 0.05, 0.2, 0.98)
SMALL = 0.005  # two thirds of delta_safe


def schedules(windows: int = 600, full_at: int = FULL_AT) -> dict[str, tuple[float, ...]]:
    """Return {name: exposure of every window}: ramps that reach 0.95 in window `full_at`."""
    t = np.arange(windows)
    ramps = {
        "doubling to .25, jump": np.minimum(0.002 * 2.0**t, 0.25),
        "doubling to .5, jump": np.minimum(0.002 * 2.0**t, 0.5),
        "doubling to .1, jump": np.minimum(0.002 * 2.0**t, 0.1),
        "geometric from .002": 0.002 * (0.95 / 0.002) ** (t / full_at),
        "geometric from .02": 0.02 * (0.95 / 0.02) ** (t / full_at),
        "linear": 0.95 * (t + 1.0) / (full_at + 1.0),
        "5-25-50-100": np.array([0.05, 0.25, 0.5])[np.minimum(3 * t // full_at, 2)],
        "canary 10 %": np.full(windows, 0.1),
    }
    return {name: tuple(np.where(t < full_at, e, 0.95).tolist()) for name, e in ramps.items()}


def bar_3(runs: int = 1000) -> Iterable[Bar]:
    """Harm of the best fixed schedule over that of adaptive, at equal time and equal guard."""
    for delta in (SMALL, *DELTAS):
        own = _harm("adaptive", "adaptive", delta, runs)
        others = {name: _harm(name, plan, delta, runs) for name, plan in schedules().items()}
        best = min(others, key=lambda name: float(others[name].mean()))
        more = {"best": best, "full_at_window": FULL_AT, "adaptive": float(own.mean())}
        more |= {name: float(harm.mean()) for name, harm in others.items()}
        if delta == SMALL:
            ratio = _ratio(others[best], own, -1.0)
            name = f"best fixed / adaptive, delta {delta:g}"
            yield Bar(name, ratio, 5.0, runs, [FRESH + 300], at_least=True, more=more)
        else:
            ratio = _ratio(own, others[best], 1.0)
            name = f"adaptive / best fixed, delta {delta:g}"
            yield Bar(name, ratio, 1.25, runs, [FRESH + 300], more=more)
    yield from _published(runs)
    yield from dominance()


def _published(runs: int) -> Iterable[Bar]:
    """Linear and canary as published: 10 % steps, a guard that decides once per window."""
    own = _harm("adaptive", "adaptive", 0.98, runs)
    world = World(delta=0.98, slices=1)
    plans = {"linear 10 % steps": np.minimum(0.1 * (np.arange(600) // 5 + 1), 0.95)}
    plans["canary 10 %"] = np.where(np.arange(600) < FULL_AT, 0.1, 0.95)
    for name, plan in plans.items():
        cell = Cell(f"{name}, guard per window", world, runs, FRESH + 301, tuple(plan.tolist()))
        ratio = _ratio(measure(cell)["harm"], own, -1.0)
        name = f"{name} / adaptive, total break"
        yield Bar(name, ratio, 30.0, runs, [FRESH + 300, FRESH + 301], at_least=True)


def _harm(name: str, steering: str | tuple[float, ...], delta: float, runs: int) -> np.ndarray:
    cell = Cell(f"{name}, delta {delta:g}", World(delta=delta), runs, FRESH + 300, steering)
    figures: Figures = measure(cell)
    harm: np.ndarray = figures["harm"]
    return harm


def _ratio(over: np.ndarray, under: np.ndarray, side: float) -> float:
    """Return the 95 % limit (upper for side 1, lower for -1) of a ratio of means."""
    spread = sum((x.std(ddof=1) / x.mean()) ** 2 / len(x) for x in (over, under))
    return float(over.mean() / under.mean() * np.exp(side * record.Z95 * np.sqrt(spread)))
