"""Sim to real: the same population, plan and policy in both; harm and exposure paths agree.

Live: real HAProxy, real OpenSSL clients, wall clock. Simulated: the rate that was measured live.
*Break*: a third of the clients cannot verify the new certificate; harm and time to rollback are
compared. *Good*: nobody minds; the whole path of exposure is, from first step to completion. The
simulator decides at edges of slices, so results that are 0.15 s late come at once or a slice late:
both are flown, and live must lie between, or near. Agreement: means differ by at most three
standard errors of both together; at most 5 % of the time of live paths lies outside the range in
which 98 % of the simulated paths lie.
"""

import shutil
import tempfile
import time
from pathlib import Path
from statistics import fmean, stdev
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bench._live_rig import Rig, controller, ended, entries, finished
from bench._results import Bar, asked, write
from simcert.control.rollout import Rollout
from simcert.live._config import LiveConfig
from simcert.live._flight import control_plan
from simcert.scenario import policies
from simcert.scenario.build import analyzer_maker
from simcert.sim import simulate
from simcert.world.spec import Cohort, Encounter, Seen, WorldSpec

Path_ = npt.NDArray[np.float64]
POLICY = "adaptive:delta_safe=0.09,budget=0.1,overshoot=0.5,mid=0.5"
QUICK = {"window_s": 0.5, "slices": 2, "tick_s": 0.05, "grace_s": 0.1, "soak_s": 5.0}
LIVE, GOOD, SIMULATED = 12, 8, 400
SPAN_S, STEPS = 30.0, 120  # of a path, from its first step up
LEVELS = (0.05, 0.25, 0.95)
SHARE = 1 / 3
ALERT = Seen((("alert:unknown_ca", 1.0),))


class Run(NamedTuple):
    """What one rollout came to."""

    harmed: float
    back_s: float
    rate: float = 0.0


def live_run() -> Run:
    """Fly once for real; harm is what the clients themselves counted."""
    folder = Path(tempfile.mkdtemp(prefix="simcert"))
    rig = Rig(folder)
    try:
        config = rig.config(POLICY, **QUICK)
        rig.start(config)
        traffic, began = rig.traffic(rate=60.0, blind_share=SHARE), time.monotonic()
        code, _, err = finished(controller(config, "--unvalidated"), 60.0)
        assert code == 1, err[-1000:]
        made, failed = ended(traffic)
        rate = made / (time.monotonic() - began)
        return Run(failed, _back_s(entries(config, "decision")), rate)
    finally:
        rig.close()
        shutil.rmtree(folder)


def _back_s(decisions: list[dict[str, object]]) -> float:
    """Return the time from the first exposure to the rollback."""
    first = next(one["t"] for one in decisions if one["kind"] == "raise")
    last = next(one["t"] for one in decisions if one["kind"] == "roll_back")
    assert isinstance(first, float)
    assert isinstance(last, float)
    return last - first


def simulated(config: LiveConfig, rate: float, seed: int, lag_s: float) -> Run:
    """Fly once in the simulator, with the same policy and plan, results coming `lag_s` late."""
    policy = policies.parse(POLICY)
    rollout = Rollout(policy, analyzer_maker(policy), control_plan(config))
    cohorts = (
        Cohort("seeing", "all", 1 - SHARE, 1_000_000, (Encounter(0.0, Seen(), Seen()),)),
        Cohort("blind", "all", SHARE, 1_000_000, (Encounter(0.0, Seen(), ALERT),)),
    )
    spec = WorldSpec(cohorts, rate, 120.0, 0.5, 2, feedback_s=lag_s)
    flight = simulate(spec, rollout, seed=seed)
    rises = [t for t, exposure, _ in flight.exposure if exposure > 0.0]
    falls = [t for t, exposure, _ in flight.exposure if exposure == 0.0 and rises and t > rises[0]]
    return Run(flight.harmed_connections, falls[0] - rises[0])


def good_live() -> tuple[Path_, float]:
    """Fly a certificate that everybody takes; return its path and the rate of the clients."""
    folder = Path(tempfile.mkdtemp(prefix="simcert"))
    rig = Rig(folder)
    try:
        config = rig.config(POLICY, **QUICK)
        rig.start(config)
        traffic, began = rig.traffic(rate=60.0), time.monotonic()
        code, _, err = finished(controller(config, "--unvalidated"), 90.0)
        assert code == 0, err[-1000:]
        made, failed = ended(traffic)
        assert failed == 0
        confirmed = [(one["t"], one["exposure"]) for one in entries(config, "confirm")]
        return path_of(confirmed), made / (time.monotonic() - began)
    finally:
        rig.close()
        shutil.rmtree(folder)


def good_simulated(config: LiveConfig, rate: float, seed: int, lag_s: float) -> Path_:
    """Fly the same in the simulator, results coming `lag_s` late."""
    policy = policies.parse(POLICY)
    rollout = Rollout(policy, analyzer_maker(policy), control_plan(config))
    cohorts = (Cohort("seeing", "all", 1.0, 1_000_000, (Encounter(0.0, Seen(), Seen()),)),)
    spec = WorldSpec(cohorts, rate, 120.0, 0.5, 2, feedback_s=lag_s)
    flight = simulate(spec, rollout, seed=seed)
    return path_of([(t, exposure) for t, exposure, _ in flight.exposure])


def path_of(changes: list[tuple[float, float]]) -> Path_:
    """Return the exposure on a grid of SPAN_S, counted from the first one above 0."""
    first = next(t for t, exposure in changes if exposure > 0.0)
    at, values = zip(*changes, strict=True)
    grid = np.linspace(0.0, SPAN_S, STEPS) + first + 1e-9
    path: Path_ = np.array(values)[np.searchsorted(at, grid, side="right") - 1]
    return path


def reached_s(path: Path_, level: float) -> float:
    """Return when a path first had an exposure; SPAN_S if never."""
    above = np.flatnonzero(path >= level)
    return float(above[0]) * SPAN_S / STEPS if len(above) else SPAN_S


def outside(live: list[Path_], virtual: list[Path_]) -> float:
    """Return the share of the live paths' time outside the range of 98 % of the simulated ones."""
    low, high = np.quantile(np.stack(virtual), (0.01, 0.99), axis=0)
    paths = np.stack(live)
    return float(np.mean((paths < low - 1e-9) | (paths > high + 1e-9)))


def good_bars(n: int) -> list[Bar]:
    """Compare the paths of n live flights of a good certificate with simulated ones."""
    flown = [good_live() for _ in range(n)]
    rate, real = fmean(rate for _, rate in flown), [path for path, _ in flown]
    with tempfile.TemporaryDirectory() as folder:
        config = Rig(Path(folder)).config(POLICY, **QUICK)
        virtual = [
            [good_simulated(config, rate, seed, lag_s) for seed in range(SIMULATED)]
            for lag_s in (0.0, config.slice_s)
        ]
    share = outside(real, [path for paths in virtual for path in paths])
    bars = [Bar("good certificate: live time outside 98 % of simulated paths", share, 0.05, n=n)]
    for level in LEVELS:
        times, *ends = ([reached_s(path, level) for path in paths] for paths in (real, *virtual))
        bars.append(between(f"good certificate: time to {level:g}", times, *ends))
    return bars


def break_bars(n: int) -> list[Bar]:
    """Compare harm and time to rollback of n live flights of a broken certificate."""
    real = [live_run() for _ in range(n)]
    rate = fmean(one.rate for one in real)
    with tempfile.TemporaryDirectory() as folder:
        config = Rig(Path(folder)).config(POLICY, **QUICK)
        virtual = [
            [simulated(config, rate, seed, lag_s) for seed in range(SIMULATED)]
            for lag_s in (0.0, config.slice_s)
        ]
    return [
        between(title, *([getattr(one, name) for one in runs] for runs in (real, *virtual)))
        for name, title in (("harmed", "clients harmed"), ("back_s", "time to rollback"))
    ]


def between(title: str, live: list[float], soon: list[float], late: list[float]) -> Bar:
    """Judge how far the live mean lies beyond both simulated ones, in standard errors."""
    told = ", ".join(f"{fmean(one):.2f} (sd {stdev(one):.2f})" for one in (live, soon, late))
    print(f"{title}: live, simulated without lag, with it: {told}")
    low, high = sorted((fmean(soon), fmean(late)))
    far = 0.0 if low <= fmean(live) <= high else min(apart(live, one) for one in (soon, late))
    return Bar(f"{title}, live beyond simulated, standard errors", far, 3.0, n=len(live))


def apart(live: list[float], virtual: list[float]) -> float:
    """Return the difference of the means in standard errors."""
    error = (stdev(live) ** 2 / len(live) + stdev(virtual) ** 2 / len(virtual)) ** 0.5
    return abs(fmean(live) - fmean(virtual)) / error


def main() -> None:
    """Fly both, compare, write `results/bench/live_sim.json`."""
    (n,) = asked(__doc__, flights=LIVE)
    write("live_sim", break_bars(n) + good_bars(GOOD), seeds=[0])


if __name__ == "__main__":
    main()
