"""Small versions of the proof bars: same worlds, same limits, fewer runs; fixed seeds."""

import numpy as np
import pytest

from bench.evidence.bar_three import SMALL, schedules
from bench.evidence.bars import NULLS, information_bound, site
from bench.evidence.campaign import Result, fly
from bench.evidence.record import ratio_limit
from bench.evidence.steering import Adversary, Constant, Schedule
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


def test_late_feedback_slows_the_ramp_at_most_twofold_and_costs_little() -> None:
    prompt, late = (_tops(fly(site(windows=90, lag_windows=lag), 100, _rng(26))) for lag in (0, 2))
    assert np.median(late) <= 2.0 * np.median(prompt)
    broken = fly(site(delta=0.98, lag_windows=2), 100, _rng(26))
    assert broken.harm.mean() <= 5.5 * information_bound(0.02, 0.98)


def test_the_limit_of_the_ratio_is_above_it_nineteen_times_in_twenty() -> None:
    """The true ratio is 2: of 40 limits 4 or more lie below it with a probability of .14."""
    rng, below = np.random.default_rng(5), 0
    for _ in range(40):
        prompt, late = rng.exponential(10.0, 200), rng.exponential(20.0, 200)
        below += ratio_limit(late, prompt, rng, 400) < 2.0
    assert 0 < below <= 3


def _tops(result: Result) -> np.ndarray:
    never = np.isnan(result.top_window) | result.rolled_back
    return np.where(never, np.inf, result.top_window)


@pytest.mark.parametrize(
    ("world", "runs", "back_offs"),
    [
        (site(200), 60, 3.0),
        (site(windows=240), 40, 3.0),
        (site(20000, windows=100), 40, 2.5),
        (site(diurnal=0.6, windows=240), 40, 5.0),
    ],
    ids=["small site", "site", "large site", "diurnal"],
)
def test_a_good_certificate_is_left_in_peace(world: World, runs: int, back_offs: float) -> None:
    """The bars count 600 windows; the first ones, with the ramp, hold most of the back-offs."""
    result = fly(world, runs, _rng(28))
    assert result.back_offs.mean() <= back_offs
    assert result.mean_exposure.mean() >= (0.75 if world.units > 200 else 0.55)


def test_no_fixed_schedule_of_the_same_length_harms_as_few() -> None:
    small = site(delta=SMALL)
    own = fly(small, 40, _rng(29)).harm.mean()
    for name in ("doubling to .1, jump", "geometric from .02"):
        plan = Schedule(np.array(schedules()[name]), small.slices)
        assert fly(small, 40, _rng(29), steering=plan).harm.mean() >= 4.0 * own
    tenths = Schedule(np.minimum(0.1 * (np.arange(600) // 5 + 1), 0.95), 1)
    published = fly(World(delta=0.98, slices=1), 60, _rng(29), steering=tenths).harm.mean()
    assert published >= 30.0 * fly(site(delta=0.98), 60, _rng(29)).harm.mean()


@pytest.mark.parametrize(
    ("q0", "delta", "bound"),
    [(0.02, 0.001, 183.4), (0.02, 0.02, 11.61), (0.02, 0.98, 1.154), (0.005, 0.005, 11.84)],
)
def test_information_bound(q0: float, delta: float, bound: float) -> None:
    assert information_bound(q0, delta) == pytest.approx(bound, rel=5e-4)
