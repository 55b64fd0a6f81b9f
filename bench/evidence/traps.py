"""Four ways to be wrong, each beside the right unit, on a certificate that changes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from bench.evidence.evidence import Mixtures
from bench.evidence.world import Floats, Ints
from simcert.detect.conditional_e import THETAS

ALPHA = 0.01
Counts = tuple[Ints, Ints, Ints, Ints]  # n1, f1, n0, f0 per campaign
Traffic = Iterator[Counts]
Steps = tuple[tuple[float, ...], int]
STEPS = ((0.05, 0.25, 0.5, 0.95), 15)  # a published schedule, and how long each step lasts
TENTHS = (tuple(k / 10 for k in range(1, 11)), 5)  # another; at the end nobody is served the old


@dataclass(frozen=True)
class Trap:
    """`count` tells the false rollbacks, wrong and right; the wrong share is `least` to `most`."""

    count: Callable[[int, np.random.Generator], tuple[int, int]]
    least: float
    most: float | None = None  # None: or more


def traps() -> dict[str, Trap]:
    """Return the four, with the shares that were told of them; peeking under two schedules.

    11 to 13 % were found with steps of a tenth; what the schedule is decides how much more.
    """
    return {
        "z-test, peeking every window, 5-25-50-95": Trap(peeking, 0.11),
        "z-test on pooled counts under drift (Simpson)": Trap(simpson, 1.0, 1.0),
        "sticky hash, every connection": Trap(sticky, 0.6, 0.6),
        "resumed handshakes counted": Trap(resumption, 1.0, 1.0),
        "z-test, peeking every window, 10 % steps": Trap(peeking_by_tenths, 0.11, 0.13),
    }


def peeking(runs: int, rng: np.random.Generator) -> tuple[int, int]:
    """A z-test that is read after every window, against the e-process on the same windows."""
    windows = list(_schedule(runs, rng, diurnal=0.0))
    return _z_test(windows), _e_process(windows, runs)


def peeking_by_tenths(runs: int, rng: np.random.Generator) -> tuple[int, int]:
    """The same while the exposure rises by a tenth every five windows, to everybody."""
    windows = list(_schedule(runs, rng, diurnal=0.0, steps=TENTHS))
    return _z_test(windows), _e_process(windows, runs)


def simpson(runs: int, rng: np.random.Generator) -> tuple[int, int]:
    """Counts pooled over windows of different exposure while the failure rate drifts."""
    windows = list(_schedule(runs, rng, diurnal=0.6))
    return _z_test(windows), _e_process(windows, runs)


def sticky(runs: int, rng: np.random.Generator) -> tuple[int, int]:
    """Clients keep their arm, and every connection of retrying clients counts."""
    wrong = list(_clients(runs, rng, fresh=False))
    right = list(_clients(runs, rng, fresh=True))
    return _e_process(wrong, runs), _e_process(right, runs)


def resumption(runs: int, rng: np.random.Generator) -> tuple[int, int]:
    """The new arm resumes 40 %, the old one 80 %; resumed handshakes never fail."""
    return (
        _e_process(_resuming(runs, rng, full_only=False), runs),
        _e_process(_resuming(runs, rng, full_only=True), runs),
    )


def _schedule(
    runs: int, rng: np.random.Generator, diurnal: float, steps: Steps = STEPS, windows: int = 240
) -> Traffic:
    shares, each = steps
    for t in range(windows):
        e = shares[min(t // each, len(shares) - 1)]
        q = 0.02 * (1.0 + diurnal * np.sin(2.0 * np.pi * t / 240.0))
        n1 = rng.binomial(2000, e, runs)
        yield n1, rng.binomial(n1, q), 2000 - n1, rng.binomial(2000 - n1, q)


def _clients(runs: int, rng: np.random.Generator, fresh: bool, windows: int = 80) -> Traffic:
    """3,000 clients; 30 of them always fail and try about 20 times a window."""
    people, bots, e = np.zeros(runs, int), np.zeros(runs, int), 0.0
    for t in range(windows):
        up = min(0.01 * 1.15**t, 0.5)
        cross, e = (up - e) / (1.0 - e), up
        people += rng.binomial(2970 - people, cross)
        bots += rng.binomial(30 - bots, cross)
        if fresh:  # a coin for each connection, the first one of a client in a window counts
            seen = rng.binomial(2970, 0.632, runs)
            n1, b1 = rng.binomial(seen, e), rng.binomial(30, e, runs)
            rest, b0 = seen - n1, 30 - b1
        else:
            n1, rest = rng.poisson(people), rng.poisson(2970 - people)
            b1, b0 = rng.poisson(20 * bots), rng.poisson(20 * (30 - bots))
        f1, f0 = rng.binomial(n1, 0.02), rng.binomial(rest, 0.02)
        yield n1 + b1, f1 + b1, rest + b0, f0 + b0


def _resuming(runs: int, rng: np.random.Generator, full_only: bool, windows: int = 60) -> Traffic:
    for _ in range(windows):
        n1 = rng.binomial(2000, 0.2, runs)
        n0 = 2000 - n1
        full1, full0 = rng.binomial(n1, 0.6), rng.binomial(n0, 0.2)
        f1, f0 = rng.binomial(full1, 0.02), rng.binomial(full0, 0.02)
        yield (full1, f1, full0, f0) if full_only else (n1, f1, n0, f0)


def _z_test(windows: list[Counts]) -> int:
    """Return how many campaigns a one-sided z-test on all counts so far rejects at least once."""
    rejected = np.zeros(len(windows[0][0]), bool)
    n1, f1, n0, f0 = (np.zeros(len(rejected)) for _ in range(4))
    for window in windows:
        n1, f1, n0, f0 = (a + b for a, b in zip((n1, f1, n0, f0), window, strict=True))
        pooled = (f1 + f0) / (n1 + n0)
        error: Floats = np.sqrt(pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n0))
        rejected |= 1.0 - ndtr((f1 / n1 - f0 / n0) / error) < ALPHA
    return int(rejected.sum())


def _e_process(windows: "Traffic | list[Counts]", runs: int) -> int:
    """Return how many campaigns the conditional e-process rejects at least once."""
    test, released, every = Mixtures(runs, 1, THETAS), np.ones(runs), np.arange(runs)
    rejected = np.zeros(runs, bool)
    for n1, f1, n0, f0 in windows:
        at = every[(n1 > 0) & (n0 > 0) & (f1 + f0 > 0)]
        test.bet_counts(at, at, f1[at], (f1 + f0)[at], n1 / (n1 + n0), released)
        rejected |= test.mean >= 1.0 / ALPHA
    return int(rejected.sum())
