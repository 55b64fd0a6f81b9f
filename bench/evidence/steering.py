"""Who sets the exposure: `adaptive` in arrays, a constant, a fixed schedule, an adversary."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from bench.evidence.world import Floats, World
from simcert.policy.adaptive import STEP, Adaptive

Bools = np.ndarray


@dataclass
class Sight:
    """What a decision sees after a slice, per campaign; the arrays of an assessment."""

    now: int  # slices that have ended
    e: Floats
    evidence: Floats  # M, the weighted average of e-values
    trust_alert: Floats
    segment: Floats  # mean e-value over segments and both kinds of event
    u: Floats
    n_new: Floats
    alarm: Bools


class Steering(Protocol):
    """Sets the next exposure; `keep` forgets campaigns that are over."""

    def steer(self, sight: Sight) -> Floats:
        """Return the exposure of the next slice."""

    def keep(self, rows: np.ndarray) -> None:
        """Forget campaigns that are over."""


@dataclass
class AdaptiveArrays:
    """The rules of `simcert.policy.adaptive` over arrays, with its own parameters."""

    policy: Adaptive
    world: World
    campaigns: int
    until: Floats = field(init=False)  # slices
    changed: Floats = field(init=False)  # slice of the last change
    back_offs: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.until, self.changed = np.zeros(self.campaigns), np.zeros(self.campaigns)
        self.back_offs = np.zeros(self.campaigns)

    def steer(self, sight: Sight) -> Floats:
        """Suspicion first, then the wait, then holds, then room."""
        p, e = self.policy, sight.e
        doubt = sight.alarm | (sight.evidence > p.suspicious_e)
        doubt |= sight.segment > p.suspicious_segment_e
        lowered = doubt & (e > p.back_off)
        waiting = sight.now < self.until
        self.until[doubt] = sight.now + p.back_off_windows * self.world.slices
        self.back_offs += lowered
        held = (sight.evidence > p.hold_e) | (sight.trust_alert > p.hold_alert_e)
        held |= sight.segment > p.hold_segment_e
        stuck = (e < p.back_off) & (sight.now - self.changed >= p.hold_windows * self.world.slices)
        wanted = np.minimum(self._room(sight), p.top)
        wanted = np.where(held, np.minimum(wanted, np.minimum(2.0 * e, p.back_off)), wanted)
        up = ~doubt & ~waiting & (~held | stuck) & ((wanted > e * STEP) | (wanted >= p.top))
        up &= e < p.top
        self.changed[lowered | up] = sight.now
        return np.where(lowered, p.back_off, np.where(up, wanted, e))

    def _room(self, sight: Sight) -> Floats:
        p, w = self.policy, self.world
        lag = float(w.lag_windows * w.slices)
        units = w.units / w.slices * (lag + 1.0)
        first = 0.2 * (1.0 + 0.4 * lag)
        growth = min(2.0, 0.2 * (lag + 1.0))
        grown = np.where(sight.n_new <= 8, min(1.0, growth), growth)
        in_flight = (first + grown * sight.n_new) / units
        bounded = np.maximum(first / units, np.minimum(p.mid, p.budget / sight.u))
        bounded = np.where(sight.u <= p.delta_safe, 1.0, bounded)
        affordable = p.overshoot * w.slices / ((lag + 1.0) * sight.u)
        return np.minimum(np.minimum(in_flight, bounded), affordable)

    def keep(self, rows: np.ndarray) -> None:
        """Forget campaigns that are over."""
        for name in ("until", "changed", "back_offs"):
            setattr(self, name, getattr(self, name)[rows])


@dataclass
class Constant:
    """The same exposure for ever, from the first slice."""

    e: float

    def steer(self, sight: Sight) -> Floats:
        """Return it."""
        return np.full(len(sight.e), self.e)

    def keep(self, rows: np.ndarray) -> None:
        """Nothing to forget."""


@dataclass
class Adversary:
    """Sees all evidence and tries to make a true certificate look bad.

    It plays for a lead: much exposure while far behind, an even split when the evidence is near
    its limit (largest variance), falls of the exposure whenever these release start mass.
    """

    rng: np.random.Generator

    def steer(self, sight: Sight) -> Floats:
        """Return an exposure chosen from everything seen."""
        choice = self.rng.choice([0.02, 0.1, 0.5, 0.9], len(sight.e))
        near = sight.evidence > 2.0
        behind = sight.evidence < 0.5
        return np.where(near, 0.5, np.where(behind, np.where(sight.e > 0.3, 0.05, 0.6), choice))

    def keep(self, rows: np.ndarray) -> None:
        """Nothing to forget."""


@dataclass
class Schedule:
    """A fixed schedule: one exposure per window, deciding only at the window's end."""

    exposures: Floats
    slices: int

    def steer(self, sight: Sight) -> Floats:
        """Return the exposure of the next window."""
        window = min(sight.now // self.slices, len(self.exposures) - 1)
        return np.full(len(sight.e), self.exposures[window])

    def keep(self, rows: np.ndarray) -> None:
        """Nothing to forget."""
