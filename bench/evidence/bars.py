"""The ten bars: what is flown, what is counted, and the limit it is held against."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import product

import numpy as np
from scipy.stats import hypergeom

from bench.evidence import record, traps
from bench.evidence.bar_eight import bar_8
from bench.evidence.bar_three import bar_3
from bench.evidence.cells import FRESH, Cell, harm_bar, horizon, mean_and_error, measure
from bench.evidence.record import Bar
from bench.evidence.reported import visible_shares
from bench.evidence.world import World
from simcert.detect import discover
from simcert.model import Window
from simcert.policy._adaptive_channels import evidence

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
    yield all_small_batches()
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


def all_small_batches(most: int = 12) -> Bar:
    """Return the largest mean of any bet of any batch of up to `most` units, by enumeration.

    The law is the hypergeometric one that holds if the certificate changes nothing; all rate
    ratios on which a channel bets.
    """
    rates = {rate for one in evidence() for rate in one.params["thetas"]}
    largest, batches = 0.0, 0
    for n in range(2, most + 1):
        for n_new, f in product(range(1, n), range(n + 1)):
            batches += 1
            f_new = range(max(0, f - n + n_new), min(f, n_new) + 1)
            law = hypergeom.pmf(f_new, n, f, n_new)
            e_values = [factors(rates, n_new, n - n_new, k, f - k) for k in f_new]
            largest = max(largest, float((law @ np.array(e_values)).max()))
    more = {"exact": True, "rates": sorted(rates), "most": most}
    return Bar(f"mean e-value, all n up to {most}", largest, 1.0 + 1e-9, batches, [], more=more)


def factors(rates: Iterable[float], n_new: int, n_old: int, f_new: int, f_old: int) -> list[float]:
    """Return the e-value of a batch for each rate ratio, as `conditional_e` bets."""
    window, values = Window.of(new=(n_new, f_new), old=(n_old, f_old)), []
    for rate in sorted(rates):
        detector = discover()["conditional_e"](thetas=(rate,), restart=False)
        detector.update(window)
        values.append(float(np.exp(detector.log_e)))
    return values


def _null(name: str, world: World, runs: int, i: int) -> Bar:
    steering = "adversary" if name.startswith("adversary") else "adaptive"
    cell = Cell(name, world, runs, FRESH + 100 + i, steering)
    hits = int(measure(cell)["rolled_back"].sum())
    more = {"false_rollbacks": hits, "share": hits / runs, "confidence": 0.99, **horizon(cell)}
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
    bar = harm_bar(cell, limit, information_bound(q0, delta))
    if limit is None:
        return bar
    stretch = 3.0 if multiple is None else 2.0
    return replace(bar, more={**bar.more, "stretch": stretch, "reached": bar.value <= stretch})


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
    found = bar.more["detected"]
    more = {"detected": found, "lower_95": record.lower_share(found, bar.n, 0.95)}
    share = found / bar.n
    yield Bar(f"detected, {bar.bar}", share, 1.0, bar.n, bar.seeds, at_least=True, more=more)


def bar_5(runs: int = 1000) -> Iterable[Bar]:
    """A fault that begins 120 windows after top exposure."""
    for delta, limit in ((0.01, 95.0), (0.02, 60.0), (0.05, 45.0)):
        world = site(delta=delta, late_windows=120)
        yield harm_bar(Cell(f"late fault, delta {delta:g}", world, runs, FRESH + 500), limit)


def bar_6(runs: int = 3000) -> Iterable[Bar]:
    """Median time to 95 % on a good certificate, a rollback counting as never; its upper limit."""
    for units, q0, limit in (
        (2000, 0.02, 18),
        (2000, 0.005, 9),
        (20000, 0.02, 4),
    ):
        world = site(units, q0=q0)
        name = f"windows to 95 %, N {units}, q0 {q0:g}"
        yield _median(Cell(name, world, runs if units < 20000 else runs // 3, FRESH + 600), limit)


def _median(cell: Cell, limit: float) -> Bar:
    top = measure(cell)["top"]
    upper = record.median_limits(top, 0.95)[1]
    more = {"median": float(np.median(top)), "p95": float(np.quantile(top, 0.95, method="higher"))}
    more |= horizon(cell)
    return Bar(cell.name, upper, limit, len(top), [cell.seed], more=more)


def bar_7(runs: int = 1000) -> Iterable[Bar]:
    """Feedback two windows late."""
    cells = [
        Cell(f"time {name} delay", site(lag_windows=lag), 4 * runs, FRESH + 700 + i)
        for i, (name, lag) in enumerate((("without", 0), ("with", 2)))
    ]
    bar = late_over_prompt(*(measure(cell)["top"] for cell in cells), [c.seed for c in cells])
    yield replace(bar, more={**bar.more, **horizon(cells[0])})
    world = site(delta=0.98, lag_windows=2)
    cell = Cell("total break with delay, harm / H*", world, runs, FRESH + 702)
    yield harm_bar(cell, 5.5, information_bound(0.02, 0.98))


def late_over_prompt(prompt: np.ndarray, late: np.ndarray, seeds: list[int]) -> Bar:
    """Return the bar: upper 95 % limit of the ratio of medians; exact limits of both are told."""
    upper = record.ratio_limit(late, prompt, np.random.default_rng(seeds))
    medians = [float(np.median(prompt)), float(np.median(late))]
    exact = [record.median_limits(x, c)[k] for x, c, k in ((prompt, 0.95, 0), (late, 0.95, 1))]
    how = "percentile bootstrap, both samples drawn again 4,000 times"
    ratio = medians[1] / medians[0]
    more = {"ratio": ratio, "medians": medians, "limits_of_medians": exact, "method": how}
    n = min(len(prompt), len(late))
    return Bar("time to 95 % with delay / without", upper, 2.0, n, seeds, more=more)


def bar_9(runs: int = 2000) -> Iterable[Bar]:
    """The traps, each beside the right unit; exact 95 % limits must meet the share told of it."""
    for i, (name, trap) in enumerate(traps.traps().items()):
        seed = FRESH + 900 + i
        wrong, right = trap.count(runs, np.random.default_rng(seed))
        yield from caught(name, trap, wrong, runs, seed)
        value = record.upper_share(right, runs, 0.99)
        more = {"false_rollbacks": right, "confidence": 0.99}
        yield Bar(f"beside it, the right unit: {name}", value, 0.01, runs, [seed], more=more)


def caught(name: str, trap: traps.Trap, wrong: int, runs: int, seed: int) -> Iterable[Bar]:
    """Return the bars of a wrong unit: its share is what was told, as far as `runs` can tell."""
    low, high = record.share_limits(wrong, runs)
    more = {"false_rollbacks": wrong, "share": wrong / runs, "confidence": 0.95}
    if trap.most is None:
        name = f"{name}: false rollback, lower limit"
        yield Bar(name, low, trap.least, runs, [seed], at_least=True, more=more)
        return
    upper = f"{name}: false rollback, upper limit"
    yield Bar(upper, high, trap.least, runs, [seed], at_least=True, more=more)
    if trap.most < 1.0:
        lower = f"{name}: false rollback, lower limit"
        yield Bar(lower, low, trap.most, runs, [seed], more=more)


def bar_10(runs: int = 1000) -> Iterable[Bar]:
    """Calm on a good certificate."""
    diurnal = Cell("mean exposure, diurnal", site(diurnal=0.6), runs, FRESH + 1000)
    figures = measure(diurnal)
    mean, error = mean_and_error(figures["exposure"])
    more = {"mean": mean, "back_offs": float(figures["back_offs"].mean()), **horizon(diurnal)}
    value = mean - record.Z95 * error
    yield Bar(diurnal.name, value, 0.85, runs, [diurnal.seed], at_least=True, more=more)
    for units in SLICES:
        cell = Cell(f"back-offs in 600 windows, N {units}", site(units), runs, FRESH + 1001)
        figures = measure(cell)
        mean, error = mean_and_error(figures["back_offs"])
        more = {"mean": mean, "mean_exposure": float(figures["exposure"].mean())}
        more |= horizon(cell)
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
