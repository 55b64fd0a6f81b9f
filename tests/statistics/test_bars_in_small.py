"""Small versions of the proof bars: same worlds, same limits, fewer runs; fixed seeds."""

import numpy as np
import pytest

from bench.evidence.bars import NULLS, information_bound, site
from bench.evidence.campaign import fly
from bench.evidence.steering import Adversary, Constant
from bench.evidence.world import World


def _rng(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@pytest.mark.parametrize("name", NULLS)
def test_a_good_certificate_is_almost_never_rolled_back(name: str) -> None:
    """150 campaigns at alpha 0.01: 7 or more happen by chance less than once in 1,000 times."""
    rng = _rng(21)
    world = NULLS[name].__class__(**{**vars(NULLS[name]), "windows": 120})
    steering = Adversary(rng) if name == "adversary" else None
    assert fly(world, 150, rng, steering=steering).rolled_back.sum() < 7


@pytest.mark.parametrize(
    ("world", "limit"),
    [
        (site(q0=0.02, delta=0.98), 3.1),
        (site(q0=0.005, delta=0.0125), 2.25),
        (site(200, q0=0.03, delta=0.3), 2.25),
        (site(20000, q0=0.02, delta=0.02), 2.25),
    ],
    ids=["total break", "2.5 q0", "small site, 10 q0", "large site, q0"],
)
def test_harm_stays_near_the_information_bound(world: World, limit: float) -> None:
    result = fly(world, 150, _rng(22))
    assert result.rolled_back.all()
    assert result.harm.mean() <= limit * information_bound(world.q0, world.delta)


@pytest.mark.parametrize(
    ("v", "constant", "limit"), [(1.0, True, 5.0), (0.0, True, 8.0), (1.0, False, 7.5)]
)
def test_a_rare_segment_is_always_found(v: float, constant: bool, limit: float) -> None:
    steering = Constant(0.05) if constant else None
    result = fly(site(v=v, broken="own"), 100, _rng(23), steering=steering)
    assert result.rolled_back.all()
    assert result.harm.mean() <= limit


def test_a_late_fault_costs_minutes_not_hours() -> None:
    result = fly(site(delta=0.05, late_windows=20, windows=200), 100, _rng(24))
    late = ~np.isnan(result.top_window)
    assert result.rolled_back[late].mean() >= 0.97
    assert result.harm.mean() <= 45.0


def test_a_good_certificate_is_up_in_minutes() -> None:
    result = fly(site(windows=60), 200, _rng(25))
    assert np.nanmedian(result.top_window) <= 20.0  # the bar says 18 with 3,000 runs


def test_late_feedback_slows_the_ramp_at_most_twofold() -> None:
    result = fly(site(windows=90, lag_windows=2), 200, _rng(26))
    assert np.nanmedian(np.where(np.isnan(result.top_window), np.inf, result.top_window)) <= 40.0


@pytest.mark.parametrize(
    ("q0", "delta", "bound"),
    [(0.02, 0.001, 183.4), (0.02, 0.02, 11.61), (0.02, 0.98, 1.154), (0.005, 0.005, 11.84)],
)
def test_information_bound(q0: float, delta: float, bound: float) -> None:
    assert information_bound(q0, delta) == pytest.approx(bound, rel=5e-4)
