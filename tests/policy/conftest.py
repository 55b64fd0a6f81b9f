"""A flight without a world: one policy, a Poisson stream of units, two failure rates."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

from simcert.control.analyzer import Analyzer
from simcert.control.plan import Plan
from simcert.control.rollout import Rollout
from simcert.model import TIME_EDGES_MS, Policy, Window, discovery

BINS = len(TIME_EDGES_MS) + 1


class Path(NamedTuple):
    """What a rollout did: last phase, minute of 0.95, and (minute, exposure, reason) of moves."""

    phase: str
    full_min: float | None
    moves: list[tuple[float, float, str]]
    harmed: int


Fly = Callable[..., Path]


def window(rng: np.random.Generator, start_s: float, e: float, n: int, rates: tuple) -> Window:
    """Draw one minute: `rates` of failure old and new, handshakes of about 80 ms."""
    n_new = int(rng.binomial(n, e))
    arms = [(k, int(rng.binomial(k, r))) for k, r in zip((n - n_new, n_new), rates, strict=True)]
    hist = np.zeros((1, 2, BINS), np.int64)
    for arm, (k, failed) in enumerate(arms):
        ms = 80.0 * np.exp(0.5 * rng.standard_normal(k - failed))
        hist[0, arm] = np.bincount(np.searchsorted(TIME_EDGES_MS, ms, "right"), minlength=BINS)
    pair = {"old": arms[0], "new": arms[1]}
    return Window.of(**pair, start_s=start_s, end_s=start_s + 60.0, exposure=e, time_hist=hist)


@pytest.fixture
def fly() -> Fly:
    def flown(
        policy: Policy, delta: float = 0.0, *, q0: float = 0.005, n: int = 2000, minutes: int = 240
    ) -> Path:
        channels = policy.channels()
        build = discovery.build
        rollout = Rollout(
            policy,
            lambda: Analyzer(
                {
                    c.name: build("simcert.detect", "detector", c.detector, **c.params)
                    for c in channels
                },
                channels,
            ),
            Plan(),
        )
        rng, e, harmed = np.random.default_rng(11), 0.0, 0
        moves: list[tuple[float, float, str]] = []
        for minute in range(minutes):
            decision = rollout.tick(60.0 * minute)
            if decision.exposure != e:
                e = decision.exposure
                moves.append((minute, e, decision.reason))
            rollout.confirm(e, 60.0 * minute)
            if rollout.finished:
                break
            seen = window(rng, 60.0 * minute, e, n, (q0, min(q0 + delta, 1.0)))
            harmed += int(seen.tally().f_new * delta / (q0 + delta)) if delta else 0
            rollout.receive(seen)
        full = next((m for m, to, _ in moves if to >= 0.95), None)
        return Path(rollout.phase.value, full, moves, harmed)

    return flown
