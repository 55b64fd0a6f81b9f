"""Sim to real: the same population, plan and policy in both; harm and time to rollback agree.

A third of the clients cannot verify the new certificate. Live: real HAProxy, real OpenSSL clients,
wall clock. Simulated: the rate that was measured live. Agreement: the difference of the means is
within three standard errors of both together.
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import fmean, stdev
from typing import NamedTuple

from bench._live_rig import Rig, controller, ended, entries, finished
from bench._results import Bar, write
from simcert.control.rollout import Rollout
from simcert.live._config import LiveConfig
from simcert.live._flight import control_plan
from simcert.scenario import policies
from simcert.scenario.build import analyzer_maker
from simcert.sim import simulate
from simcert.world.spec import Cohort, Encounter, Seen, WorldSpec

POLICY = "adaptive:delta_safe=0.09,budget=0.1,overshoot=0.5,mid=0.5"
QUICK = {"window_s": 0.5, "slices": 2, "tick_s": 0.05, "grace_s": 0.1, "soak_s": 5.0}
LIVE, SIMULATED = 12, 400
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


def simulated(config: LiveConfig, rate: float, seed: int) -> Run:
    """Fly once in the simulator, with the same policy and plan."""
    policy = policies.parse(POLICY)
    rollout = Rollout(policy, analyzer_maker(policy), control_plan(config))
    cohorts = (
        Cohort("seeing", "all", 1 - SHARE, 1_000_000, (Encounter(0.0, Seen(), Seen()),)),
        Cohort("blind", "all", SHARE, 1_000_000, (Encounter(0.0, Seen(), ALERT),)),
    )
    lag_s = config.grace + config.tick
    spec = WorldSpec(cohorts, rate, 120.0, 0.5, 2, feedback_s=lag_s)
    flight = simulate(spec, rollout, seed=seed)
    rises = [t for t, exposure, _ in flight.exposure if exposure > 0.0]
    falls = [t for t, exposure, _ in flight.exposure if exposure == 0.0 and rises and t > rises[0]]
    return Run(flight.harmed_connections, falls[0] - rises[0])


def apart(live: list[float], virtual: list[float]) -> float:
    """Return the difference of the means in standard errors."""
    error = (stdev(live) ** 2 / len(live) + stdev(virtual) ** 2 / len(virtual)) ** 0.5
    return abs(fmean(live) - fmean(virtual)) / error


def main() -> None:
    """Fly both, compare, write `results/bench/live_sim.json`."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else LIVE
    real = [live_run() for _ in range(n)]
    with tempfile.TemporaryDirectory() as folder:
        config = Rig(Path(folder)).config(POLICY, **QUICK)
        rate = fmean(one.rate for one in real)
        virtual = [simulated(config, rate, seed) for seed in range(SIMULATED)]
    for name in ("harmed", "back_s"):
        a, b = ([getattr(one, name) for one in runs] for runs in (real, virtual))
        texts = (f"{fmean(one):.2f} (sd {stdev(one):.2f})" for one in (a, b))
        print(f"{name}: live and simulated", *texts)
    bars = [
        Bar(
            f"{title}, live and simulated apart, standard errors",
            apart([getattr(one, name) for one in real], [getattr(one, name) for one in virtual]),
            3.0,
            n=n,
        )
        for name, title in (("harmed", "clients harmed"), ("back_s", "time to rollback"))
    ]
    write("live_sim", bars, seeds=[0])


if __name__ == "__main__":
    main()
