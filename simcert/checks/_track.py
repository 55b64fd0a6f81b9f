"""A test track: traffic without chance, so that a policy's conduct has one outcome."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from simcert.control.analyzer import Analyzer
from simcert.control.loop import Loop
from simcert.control.plan import Plan
from simcert.control.rollout import Rollout
from simcert.model import (
    FEATURES,
    TIME_EDGES_MS,
    Decision,
    Policy,
    Truth,
    View,
    Window,
    discovery,
)
from simcert.model.window import TIME_BINS

Rates = tuple[float, float]  # failure rates of the old and of the new arm
Weather = Callable[[float], Rates]  # by seconds since the start
PLAN = Plan(slices=2, soak_s=1800.0, target_success=0.98, blind_after_s=1e9)
NORMAL = 0.005
BIN_40_MS = int(np.searchsorted(TIME_EDGES_MS, 40.0, side="right"))


def good(now_s: float) -> Rates:
    """Both certificates alike."""
    del now_s
    return (NORMAL, NORMAL)


def broken(now_s: float) -> Rates:
    """Nobody accepts the new certificate."""
    del now_s
    return (NORMAL, 1.0)


def outage(now_s: float) -> Rates:
    """Both arms fail alike from minute 10 to minute 30."""
    return (0.3, 0.3) if 600.0 <= now_s < 1800.0 else (NORMAL, NORMAL)


@dataclass
class Track:
    """Feed and actuator of a site with `units` a window; fractions wait for the next slice."""

    weather: Weather
    units: int = 4000
    completeness: float = 1.0
    exposure: float = 0.0
    slice_: int = 0
    left: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])

    def poll(self, now_s: float) -> Sequence[Window]:
        """Return the slices that ended."""
        windows = []
        while (self.slice_ + 1) * PLAN.slice_s <= now_s + 1e-9:
            windows.append(self._slice(self.slice_))
            self.slice_ += 1
        return windows

    def _slice(self, number: int) -> Window:
        start_s = number * PLAN.slice_s
        per_slice = self.units // PLAN.slices
        n_new = self._whole(0, per_slice * self.exposure)
        n_old = per_slice - n_new
        q_old, q_new = self.weather(start_s)
        new = (n_new, min(self._whole(1, n_new * q_new), n_new))
        old = (n_old, min(self._whole(2, n_old * q_old), n_old))
        good = np.array([[old[0] - old[1], new[0] - new[1]]], np.int64)
        times = np.zeros((1, 2, TIME_BINS), np.int64)
        times[:, :, BIN_40_MS] = good
        features = np.zeros((1, 2, len(FEATURES)), np.int64)
        features[:, :, FEATURES.index("tls13")] = good
        return Window.of(
            new=new,
            old=old,
            time_hist=times,
            features=features,
            start_s=start_s,
            end_s=start_s + PLAN.slice_s,
            exposure=self.exposure,
            slice_index=number % PLAN.slices,
            slices=PLAN.slices,
            completeness=self.completeness,
        )

    def _whole(self, what: int, amount: float) -> int:
        whole = int(self.left[what] + amount + 1e-9)
        self.left[what] += amount - whole
        return whole

    def apply(self, exposure: float, now_s: float) -> None:
        """Obey at once."""
        del now_s
        self.exposure = exposure

    def read_back(self, now_s: float) -> float:
        """Return the exposure in force."""
        del now_s
        return self.exposure


@dataclass
class Trip:
    """What a policy did on the track: its decisions, and some of the views behind them."""

    rollout: Rollout
    moves: list[tuple[float, Decision]]
    views: list[View]

    @property
    def top(self) -> float:
        """Highest exposure ever wanted."""
        return max(decision.exposure for _, decision in self.moves)


def drive(policy: Policy, track: Track, until_s: float) -> Trip:
    """Fly the policy until nothing can change any more, or until `until_s`."""
    truth = Truth(NORMAL, track.weather(0.0)[1] - NORMAL, track.weather(0.0)[1] - NORMAL)
    known = truth if "needs_truth" in policy.tags else None
    rollout = Rollout(policy, lambda: analyzer(policy), PLAN, truth=known)
    loop = Loop(rollout, track, track)
    trip = Trip(rollout, [], [])
    for tick in range(int(until_s / PLAN.slice_s) + 1):
        now_s = tick * PLAN.slice_s
        trip.moves.append((now_s, loop.step(now_s)))
        if tick % 11 == 0 or tick < 6:
            trip.views.append(rollout.view(now_s))
        if rollout.finished:
            break
    return trip


def analyzer(policy: Policy) -> Analyzer:
    """Return a fresh analyzer with the detectors that a policy names."""
    channels = policy.channels()
    built = {
        one.name: discovery.build("simcert.detect", "detector", one.detector, **one.params)
        for one in channels
    }
    return Analyzer(built, channels)
