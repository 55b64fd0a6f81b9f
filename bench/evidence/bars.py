"""The ten bars: what is flown, what is counted, and the limit it is held against."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from bench.evidence import record, traps
from bench.evidence.bar_eight import bar_8
from bench.evidence.bar_three import bar_3
from bench.evidence.cells import FRESH, Cell, harm_bar, mean_and_error, measure
from bench.evidence.record import Bar
from bench.evidence.reported import visible_shares
from bench.evidence.world import World

SLICES = {200: 2, 2000: 10, 20000: 20}
RATES = (0.005, 0.02, 0.03)
MULTIPLES = (0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
DELTA_SAFE = 0.0075
LIMITS_4 = {"constant": {1.0: 5.0, 0.66: 7.0, 0.0: 8.0}, "ramp": {1.0: 7.0, 0.66: 11.0, 0.0: 20.0}}


def site(units: int = 2000, **rest: object) -> World:
    """Return a world of `units` per window, cut into slices of at least 100 units."""
    return replace(World(units=units, slices=SLICES[units]), **rest)  # type: ignore[arg-type]


def information_bound(q0: float, delta: float, alpha: float = 0.01) -> float:
    """Return H*: no test of level alpha finds the fault with fewer harmed units on average."""
    q1 = min(q0 + delta, 1.0)
    kl = q1 * np.log(q1 / q0)
    kl += 0.0 if q1 == 1.0 else (1.0 - q1) * np.log((1.0 - q1) / (1.0 - q0))
    return float(delta * np.log(1.0 / alpha) / kl)


NULLS = {
    "constant": site(),
    "diurnal": site(diurnal=0.6),
    "incident in both arms": site(incident=(40, 60, 0.25)),
    "adversary": site(),
    "retry storm": site(chronic=0.01),
    "resumption 40/80 by arm": site(full_share=(0.2, 0.6)),
    "sample-ratio skew": site(skew=1.2),
}


def bar_1() -> Iterable[Bar]:
    """False rollback at most alpha, in seven kinds of null; first few campaigns, then many."""
    stages = (
        (200, 4_000),
        (200, 12_000),
        (200, 20_000),
        (2000, 2_000),
        (2000, 6_000),
        (2000, 20_000),
    )
    for units, runs in stages:
        for i, (name, world) in enumerate(NULLS.items()):
            yield _null(
                f"{name}, N {units}", replace(world, units=units, slices=SLICES[units]), runs, i
            )


def _null(name: str, world: World, runs: int, i: int) -> Bar:
    steering = "adversary" if name.startswith("adversary") else "adaptive"
    cell = Cell(name, world, runs, FRESH + 100 + i, steering)
    hits = int(measure(cell)["rolled_back"].sum())
    more = {"false_rollbacks": hits, "share": hits / runs, "confidence": 0.99}
    value = record.upper_share(hits, runs, 0.99)
    return Bar(f"false rollback, {name}", value, 0.01, runs, [cell.seed], more=more)


def bar_2(runs: int = 1000) -> Iterable[Bar]:
    """Harm without help from alerts, in units of the information bound; reported below .0075."""
    for units in SLICES:
        for q0 in RATES:
            for multiple in (*MULTIPLES, None):
                delta = 1.0 - q0 if multiple is None else multiple * q0
                yield _harm_2(units, q0, delta, multiple, runs)


def _harm_2(units: int, q0: float, delta: float, multiple: float | None, runs: int) -> Bar:
    what = "total break" if multiple is None else f"delta {multiple:g} q0"
    seed = FRESH + 200 + units // 100 + int(1000 * q0)
    limit = 3.1 if multiple is None else 2.25 if delta >= DELTA_SAFE else None
    if limit is not None and multiple == min(MULTIPLES):
        runs *= 4  # the cells whose harm scatters most
    cell = Cell(
        f"harm / H*, N {units}, q0 {q0:g}, {what}", site(units, q0=q0, delta=delta), runs, seed
    )
    return harm_bar(cell, limit, information_bound(q0, delta))


def bar_4(runs: int = 1000) -> Iterable[Bar]:
    """A rare segment that breaks outright."""
    for how, limits in LIMITS_4.items():
        for v, limit in limits.items():
            cell = _rare(f"rare segment, {how}, v {v:g}", v, runs, how, "own")
            yield from _found(harm_bar(cell, limit))
    cell = _rare("0.1 % inside the largest segment, ramp, v 1", 1.0, runs, "ramp", 1)
    yield from _found(harm_bar(cell, 10.0))
    for mix, v in visible_shares():
        yield harm_bar(
            _rare(f"rare segment, ramp, v {v:.3f} as of {mix}", v, runs, "ramp", "own"), None
        )


def _rare(name: str, v: float, runs: int, how: str, broken: str | int) -> Cell:
    steering = "constant" if how == "constant" else "adaptive"
    return Cell(name, site(v=v, broken=broken), runs, FRESH + 400, steering)


def _found(bar: Bar) -> Iterable[Bar]:
    yield bar
    share = bar.more["detected"] / bar.n
    yield Bar(f"detected, {bar.bar}", share, 1.0, bar.n, bar.seeds, at_least=True)


def bar_5(runs: int = 1000) -> Iterable[Bar]:
    """A fault that begins 120 windows after top exposure."""
    for delta, limit in ((0.01, 95.0), (0.02, 60.0), (0.05, 45.0)):
        world = site(delta=delta, late_windows=120)
        yield harm_bar(Cell(f"late fault, delta {delta:g}", world, runs, FRESH + 500), limit)


def bar_6(runs: int = 3000) -> Iterable[Bar]:
    """Time to 95 % on a good certificate, a rollback counting as never."""
    for units, q0, limit, windows in (
        (2000, 0.02, 18, 200),
        (2000, 0.005, 9, 120),
        (20000, 0.02, 4, 40),
    ):
        world = site(units, q0=q0, windows=windows)
        name = f"windows to 95 %, N {units}, q0 {q0:g}"
        yield _median(Cell(name, world, runs if units < 20000 else runs // 3, FRESH + 600), limit)


def _median(cell: Cell, limit: float) -> Bar:
    top = np.sort(measure(cell)["top"])
    n = len(top)
    rank = min(int(np.ceil(n / 2 + 0.5 * record.Z95 * np.sqrt(n))), n - 1)
    more = {"median_upper_95": float(top[rank]), "p95": float(top[int(0.95 * n)])}
    return Bar(cell.name, float(top[n // 2]), limit, n, [cell.seed], more=more)


def bar_7(runs: int = 1000) -> Iterable[Bar]:
    """Feedback two windows late."""
    prompt = measure(Cell("time without delay", site(windows=200), runs, FRESH + 700))["top"]
    late = measure(Cell("time with delay", site(windows=400, lag_windows=2), runs, FRESH + 701))[
        "top"
    ]
    ratio = float(np.median(late) / np.median(prompt))
    more = {"windows": [float(np.median(prompt)), float(np.median(late))]}
    yield Bar("time to 95 % with delay / without", ratio, 2.0, runs, [FRESH + 700], more=more)
    world = site(delta=0.98, lag_windows=2)
    cell = Cell("total break with delay, harm / H*", world, runs, FRESH + 702)
    yield harm_bar(cell, 5.5, information_bound(0.02, 0.98))


def bar_9(runs: int = 2000) -> Iterable[Bar]:
    """The traps, each beside the right unit."""
    for i, (name, (count, least)) in enumerate(traps.shares().items()):
        seed = FRESH + 900 + i
        wrong, right = count(runs, np.random.default_rng(seed))
        yield Bar(f"{name}: false rollback", wrong / runs, least, runs, [seed], at_least=True)
        value = record.upper_share(right, runs, 0.99)
        more = {"false_rollbacks": right, "confidence": 0.99}
        yield Bar(f"beside it, the right unit: {name}", value, 0.01, runs, [seed], more=more)


def bar_10(runs: int = 1000) -> Iterable[Bar]:
    """Calm on a good certificate."""
    diurnal = Cell("mean exposure, diurnal", site(diurnal=0.6), runs, FRESH + 1000)
    figures = measure(diurnal)
    mean, error = mean_and_error(figures["exposure"])
    more = {"mean": mean, "back_offs": float(figures["back_offs"].mean())}
    value = mean - record.Z95 * error
    yield Bar(diurnal.name, value, 0.85, runs, [diurnal.seed], at_least=True, more=more)
    for units in SLICES:
        cell = Cell(f"back-offs in 600 windows, N {units}", site(units), runs, FRESH + 1001)
        figures = measure(cell)
        mean, error = mean_and_error(figures["back_offs"])
        more = {"mean": mean, "mean_exposure": float(figures["exposure"].mean())}
        yield Bar(cell.name, mean + record.Z95 * error, 3.0, runs, [cell.seed], more=more)


BARS: dict[int, Callable[[], Iterable[Bar]]] = {
    4: bar_4,
    2: bar_2,
    5: bar_5,
    6: bar_6,
    7: bar_7,
    8: bar_8,
    9: bar_9,
    3: bar_3,
    10: bar_10,
    1: bar_1,
}
"""In the order in which `make evidence` measures them: the quick ones first."""
