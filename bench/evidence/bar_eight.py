"""Bar 8: formulas against numbers that independent prototypes printed."""

from collections.abc import Iterable
from math import log

from bench.evidence.record import Bar
from simcert.detect import discover
from simcert.detect._projection import project
from simcert.model import Window

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
WALD = {  # p0, p1, alpha, beta: mean length of the test at p0 and at p1, Wald's approximation
    (0.1, 0.3, 0.02, 0.03): (28.70, 23.82),
    (0.02, 0.03, 0.01, 0.05): (1498.55, 1885.61),
    (0.01, 0.02, 0.01, 0.1): (713.16, 976.23),
}


def bar_8() -> Iterable[Bar]:
    """Deterministic rows: absolute error against the printed digits."""
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
    for e, value in INFORMATION.items():
        yield _row(f"information at e = {e:g}", information(e), value, 1e-8)
    for (p0, p1, alpha, beta), golden in WALD.items():
        for p, value in zip((p0, p1), golden, strict=True):
            length = wald_length(p, p0, p1, alpha, beta)
            yield _row(f"Wald length at {p:g} of {p0:g} against {p1:g}", length, value, 0.006)


def information(e: float, q0: float = 0.02, q1: float = 0.04) -> float:
    """Return the mutual information of arm and outcome of one unit at exposure e, in nats."""
    mean = e * q1 + (1.0 - e) * q0
    return e * _kl(q1, mean) + (1.0 - e) * _kl(q0, mean)


def wald_length(p: float, p0: float, p1: float, alpha: float, beta: float) -> float:
    """Return Wald's mean length of the sequential test of p0 against p1, at p = p0 or p1."""
    up, down = log((1.0 - beta) / alpha), log(beta / (1.0 - alpha))
    power = alpha if p == p0 else 1.0 - beta
    step = p * log(p1 / p0) + (1.0 - p) * log((1.0 - p1) / (1.0 - p0))
    return (power * up + (1.0 - power) * down) / step


def _kl(p: float, q: float) -> float:
    return p * log(p / q) + (1.0 - p) * log((1.0 - p) / (1.0 - q))


def _row(name: str, value: float, golden: float, limit: float = 1e-6) -> Bar:
    return Bar(name, abs(value - golden), limit, 1, [], more={"computed": value, "golden": golden})


def _once(stem: str, **params: object) -> float:
    detector = discover()[stem](**params)
    detector.update(_window(*BATCHES[0]))
    return float(detector.log_e)


def _window(n_new: int, n_old: int, f_new: int, f_old: int) -> Window:
    return Window.of(new=(n_new, f_new), old=(n_old, f_old))
