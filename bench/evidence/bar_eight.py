"""Bar 8: formulas against numbers that independent prototypes and packages printed."""

from collections.abc import Iterable
from itertools import product
from math import exp, log

import numpy as np
from scipy.stats import beta, binom, hypergeom

from bench.evidence import turner, wald
from bench.evidence.cells import FRESH
from bench.evidence.record import Bar
from simcert.detect import discover
from simcert.detect._blocks import blocks, log_blocks, log_mean_exp
from simcert.detect._projection import project
from simcert.lab.score import information_bound
from simcert.model import Truth, Window

BATCHES = ((100, 1900, 5, 38), (200, 1800, 9, 35), (400, 1600, 18, 30))  # n1, n0, f1, f0
CHAINS = {
    "A8": ({"restart": False}, (0.5569982834, 2.2084052110, 5.6766319638)),
    "Ar8": ({}, (0.3167888393, 1.6778064298, 5.0766151972)),
}
NONINFERIORITY = {  # d: log factor, projection
    0.01: (0.18832445, 0.01965954),
    0.05: (2.59702739, 0.01924113),
    0.2: (17.50625995, 0.01886674),
}
INFORMATION = {  # exposure: nats a unit, q0 = 0.02, q1 = 0.04
    0.01: 7.82966e-5,
    0.05: 3.71465e-4,
    0.10: 6.94271e-4,
    0.25: 1.39148e-3,
    0.50: 1.75054e-3,
}
EXPOSURES = (0.05, 0.10, 0.25, 0.50, 0.75, 0.95)
CUT = 0.9999
BOUNDS = {  # q0, delta: fewest harmed at level .01, as the exposure goes to 0, then at EXPOSURES;
    # beyond the first number, the total break was printed with q1 cut at .9999
    (0.02, 0.001): "183.4 193.3 204.2 245.6 369.8 742.6 3725",
    (0.02, 0.005): "38.94 41.15 43.60 52.92 80.86 164.6 834.6",
    (0.02, 0.01): "20.79 22.05 23.45 28.75 44.61 92.08 471.5",
    (0.02, 0.02): "11.61 12.40 13.27 16.55 26.31 55.41 287.8",
    (0.02, 0.05): "5.905 6.409 6.961 9.010 14.99 32.62 173.0",
    (0.02, 0.20): "2.635 3.018 3.409 4.759 8.457 19.08 103.0",
    (0.02, 0.98): "1.154 1.430 1.644 2.237 3.507 6.367 22.57",
    (0.005, 0.005): "11.84 12.65 13.54 16.90 26.91 56.75 295.0",
    (0.005, 0.01): "7.053 7.621 8.245 10.58 17.43 37.74 199.5",
    (0.03, 0.01): "29.54 31.25 33.15 40.38 62.01 126.8 645.2",
    (2e-4, 0.001): "4.0",
}
TURNER = {  # restriction: how it learns, old, new, e-values after each block
    "difference .25": (
        *(turner.difference, "0101", "1100"),
        (1.5625, 1.46484375, 1.1474712811576, 0.645452595651148),
    ),
    "log odds ratio .7": (
        *(turner.odds_ratio, "0101", "1100"),
        (1.37527821341647, 1.33960921187147, 1.25210874368758, 0.855839806438304),
    ),
    "unrestricted": (
        *(turner.free, "1111110111", "0010100000"),
        (
            *(1.0, 3.01124567, 0.84861592, 2.28694798, 1.57052548),
            *(4.18451151, 0.66249189, 1.59549482, 4.11068924, 11.15029488),
        ),
    ),
}
DESIGN = {  # difference: 80 % quantile of the length, mean length of a test that ends there
    **{0.9: (6, 4.71), 0.814: (9, 5.97), 0.729: (12, 7.50), 0.643: (17, 9.97)},
    **{0.557: (24, 13.86), 0.471: (36, 21.12), 0.386: (56, 33.09), 0.3: (96, 56.75)},
}
PEEKS = 95  # blocks after which somebody looks
RUNS = 2000  # of each simulated row, and of the printed design
SEED = FRESH + 800


def bar_8() -> Iterable[Bar]:
    """Deterministic rows: error against the printed digits. Simulated ones: standard errors."""
    yield from exact()
    yield from simulated()


def exact() -> Iterable[Bar]:
    """Return the rows that are the same in every run."""
    yield from _ours()
    yield from _bounds()
    yield from _published()


def _ours() -> Iterable[Bar]:
    for name, (params, golden) in CHAINS.items():
        detector = discover()["conditional_e"](**params)
        for i, (batch, value) in enumerate(zip(BATCHES, golden, strict=True), 1):
            detector.update(_window(*batch))
            yield _row(f"{name}, batch {i}", detector.log_e, value)
    yield _row("one theta = 2", _once("conditional_e", restart=False, thetas=(2.0,)), 1.3677588435)
    yield _row("B factor", _once("block_e", a0=0.02, d=0.02), 1.3972010)
    for d, (factor, c) in NONINFERIORITY.items():
        detector = discover()["noninferiority_e"](delta=d, a=0.02)
        detector.update(_window(100, 1900, 2, 38))
        yield _row(f"NI factor, d = {d:g}", detector.log_e, factor)
        yield _row(f"NI projection, d = {d:g}", project(0.05, 0.02, d), c)
    interval = discover()["confidence_sequence"](deltas=tuple(NONINFERIORITY))
    interval.update(_window(100, 1900, 2, 38))  # before any data it bets on .02 for both arms, too
    for value, (d, (factor, _)) in zip(interval.log_n, NONINFERIORITY.items(), strict=True):
        yield _row(f"NI factor, d = {d:g}, of the confidence sequence", float(value), factor)
    for name, value, golden in _means():
        yield _row(name, value, golden, 5.1e-6)


def _means() -> Iterable[tuple[str, float, float]]:
    """Mean e-values of one bet under its null, by enumeration."""
    of = [
        exp(_bet("conditional_e", 100, 1900, k, 43 - k, restart=False, thetas=(2.0,)))
        for k in range(44)
    ]
    k = np.arange(44)
    yield "mean of theta = 2, hypergeometric", float(hypergeom.pmf(k, 2000, 43, 100) @ of), 0.98093
    yield "mean of theta = 2, binomial", float(binom.pmf(k, 43, 0.05) @ of), 1.0
    bets = [[exp(_bet("noninferiority_e", 4, 6, i, j, delta=0.3, a=0.2)) for j in range(7)]
            for i in range(5)]  # fmt: skip
    grid = np.linspace(0.0, 1.0, 15)
    null = [(q0, 0.3 + 0.7 * u) for q0, u in product(0.7 * grid, grid)]
    null = [(q0, q1) for q0, q1 in null if q1 >= q0 + 0.3]
    sup = max(binom.pmf(range(5), 4, q1) @ bets @ binom.pmf(range(7), 6, q0) for q0, q1 in null)
    yield "NI, largest mean over its null, n0 = 6, n1 = 4", float(sup), 0.99877


def _bounds() -> Iterable[Bar]:
    for e, value in INFORMATION.items():
        yield _row(f"information at e = {e:g}, mean of the block bet", bet_growth(e), value, 1e-8)
    for (q0, delta), told in BOUNDS.items():
        printed = told.split()
        truth = Truth(failure_rate=q0, delta=delta, harmed_share=1.0)
        values = [information_bound(truth) or 0.0]
        values += [
            delta * e * log(100.0) / information(e, q0, min(q0 + delta, CUT)) for e in EXPOSURES
        ]
        errors = [
            abs(value - float(text)) / half_digit(text)
            for value, text in zip(values, printed, strict=False)
        ]
        more = {"computed": values[: len(printed)], "golden": [float(x) for x in printed]}
        name = f"fewest harmed, q0 {q0:g}, delta {delta:g}, in half last digits"
        yield Bar(name, max(errors), 1.0, len(printed), [], more=more)


def half_digit(text: str) -> float:
    """Return half a unit of the last digit that was printed."""
    return 0.5 * 10.0 ** -len(text.partition(".")[2]) * (1.0 + 1e-9)


def bet_growth(e: float, q0: float = 0.02, q1: float = 0.04) -> float:
    """Return the mean log growth, per unit, of a block bet on the true rates: the information."""
    n1 = round(1e6 * e)
    n0 = 10**6 - n1
    bets = blocks(q0, ((q1 - q0) / (1.0 - q0),))
    return log_blocks(n1, round(n1 * q1), n0, round(n0 * q0), bets)[0] / 1e6


def information(e: float, q0: float, q1: float) -> float:
    """Return the mutual information of arm and outcome of one unit at exposure e, in nats."""
    mean = e * q1 + (1.0 - e) * q0
    return e * _kl(q1, mean) + (1.0 - e) * _kl(q0, mean)


def _published() -> Iterable[Bar]:
    for name, (learn, old, new, golden) in TURNER.items():
        values = turner.process([*map(int, old)], [*map(int, new)], learn)
        limit = 1e-6 if name == "unrestricted" else 1e-9
        for t, (value, printed) in enumerate(zip(values, golden, strict=True), 1):
            yield _row(f"block process, {name}, block {t}", value, printed, limit)
    for seen, prior, mean in (((), 1, 0.5), ((1,), 1, 2 / 3), ((), 2, 0.5), ((0,), 2, 0.4)):
        value = turner.predicted(seen, prior, prior)
        yield _row(f"posterior mean, {len(seen)} seen, Beta({prior}, {prior})", value, mean)
    even = log_bayes_factor(60, 40)
    yield _row("split 60 : 40, Bayes factor", exp(even), 1.93264942)
    yield _row("split 60 : 40, p", exp(-even), 0.51742442)
    yield _row(
        "split 1200 : 800, ln Bayes factor", log_bayes_factor(1200, 800, nodes=4000), 36.822846
    )
    for (p0, p1, alpha, b), golden in wald.WALD.items():
        for p, value in zip((p0, p1), golden, strict=True):
            length = wald.length(p, p0, p1, alpha, b)
            yield _row(f"Wald length at {p:g} of {p0:g} against {p1:g}", length, value, 0.006)


def log_bayes_factor(n_new: int, n_old: int, k: float = 100.0, nodes: int = 64_000) -> float:
    """Return what `split_e` bets with the tilts of Lindon and Malek: Beta(k / 2, k / 2) at e = .5.

    Its tilts are equally likely, so they stand at the middles of equally likely parts of the prior;
    those above 1 are enough, for it bets on both arms. In the first slice it has 1 + 1 / 2 to bet.
    """
    q = beta.ppf(0.5 + (np.arange(nodes) + 0.5) / (2.0 * nodes), k / 2.0, k / 2.0)
    detector = discover()["split_e"](tolerance=1.0, tilts=tuple((q / (1.0 - q)).tolist()))
    detector.update(Window.of(new=(n_new, 0), old=(n_old, 0), exposure=0.5))
    return log_mean_exp(detector.log_s) - log(1.5)


def simulated(runs: int = RUNS, longest: int = 96) -> Iterable[Bar]:
    """Return rows of chance, as far as tests of `longest` blocks go; seeds are fixed."""
    for d, (end, printed) in DESIGN.items():
        if end <= longest:
            yield from _design(d, end, printed, runs)
    if longest >= PEEKS:
        yield _peeked("Fisher's test, read after each block", turner.fisher, 0.196, 1000, runs)
        yield _peeked("block process beside it", turner.reached, 0.024, 4000, runs)
    for setting, printed_lengths in wald.WALD.items():
        for p, told in zip(setting[:2], printed_lengths, strict=True):
            yield _walk(p, setting, told, runs)


def _design(d: float, end: int, printed: float, runs: int) -> Iterable[Bar]:
    """Return how far mean and 80 % quantile of the length are from the printed ones, in errors."""
    rates = (0.5 * (1.0 - d), 0.5 * (1.0 + d))  # the worst pair of this difference
    found = turner.lengths(rates, runs, end, np.random.default_rng([SEED, round(1000 * d)]))
    ended = np.minimum(found, end)
    error = float(ended.std(ddof=1)) * (1.0 / runs + 1.0 / RUNS) ** 0.5  # theirs were 2,000 runs
    more: dict[str, object] = {"mean": float(ended.mean()), "golden": printed, "error": error}
    name = f"design, difference {d:g}: mean length, errors"
    yield Bar(name, abs(float(ended.mean()) - printed) / error, 3.0, runs, [SEED], more=more)
    by, before = (float((found <= t).mean()) for t in (end, end - 1))
    error = (0.8 * 0.2 * (1.0 / runs + 1.0 / RUNS)) ** 0.5
    more = {"ended": by, "ended_before": before, "golden": end, "error": error}
    off = max(0.8 - by, before - 0.8, 0.0) / error
    yield Bar(f"design, difference {d:g}: 80 % quantile, errors", off, 3.0, runs, [SEED], more=more)


def _peeked(name: str, count: turner.Count, told: float, theirs: int, runs: int) -> Bar:
    hits = count(runs, PEEKS, np.random.default_rng([SEED, theirs]))
    share = (hits + told * theirs) / (runs + theirs)  # pooled with the printed runs
    error = (share * (1.0 - share) * (1.0 / runs + 1.0 / theirs)) ** 0.5
    more = {"share": hits / runs, "golden": told, "error": error}
    off = abs(hits / runs - told) / error
    return Bar(f"{name}: false share, errors", off, 3.0, runs, [SEED], more=more)


def _walk(p: float, setting: tuple[float, float, float, float], told: float, runs: int) -> Bar:
    """Return how far simulated lengths are from Wald's formula with the ends that were reached.

    With his limits for ends, as printed, it neglects the overshoot: up to a step at each end.
    """
    rng = np.random.default_rng([SEED, round(1e4 * p), round(1e4 * setting[1])])
    n, end = wald.walks(p, *setting, runs, rng)
    gap = n - end / wald.step(p, *setting[:2])
    error = float(gap.std(ddof=1)) / runs**0.5
    more = {"mean": float(n.mean()), "printed_without_overshoot": told, "error": error}
    off = abs(float(gap.mean())) / error
    name = f"sequential test, {p:g} of {setting[0]:g} against {setting[1]:g}: mean length, errors"
    return Bar(name, off, 3.0, runs, [SEED], more=more)


def _kl(p: float, q: float) -> float:
    return p * log(p / q) + (1.0 - p) * log((1.0 - p) / (1.0 - q))


def _row(name: str, value: float, golden: float, limit: float = 1e-6) -> Bar:
    return Bar(name, abs(value - golden), limit, 1, [], more={"computed": value, "golden": golden})


def _once(stem: str, **params: object) -> float:
    return _bet(stem, *BATCHES[0], **params)


def _bet(stem: str, n_new: int, n_old: int, f_new: int, f_old: int, **params: object) -> float:
    detector = discover()[stem](**params)
    detector.update(_window(n_new, n_old, f_new, f_old))
    return float(detector.log_e)


def _window(n_new: int, n_old: int, f_new: int, f_old: int) -> Window:
    return Window.of(new=(n_new, f_new), old=(n_old, f_old))
