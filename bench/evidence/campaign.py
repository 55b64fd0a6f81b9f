"""Campaigns: thousands of rollouts of one world, slice by slice, to rollback or horizon."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bench.evidence.evidence import Bound, Mixtures, SegmentSuspicion, Starts, Suspicion
from bench.evidence.steering import AdaptiveArrays, Sight, Steering
from bench.evidence.world import Floats, Ints, Slice, World, draw
from simcert.detect import discover
from simcert.detect._restart import fell
from simcert.policy.adaptive import Adaptive

TESTS = ("global", "trust_alert", "segment", "segment_alert")
GUIDES = ("bound", "failure_suspicion", "alert_suspicion", "segment_suspicion")
MODELLED = (*TESTS, *GUIDES)
"""Channels that speak in this world; the others see no event and stay at an e-value of 1."""

Record = Callable[[int, Floats, Slice, "Floats"], None]


@dataclass
class Result:
    """One entry per campaign; windows count from 1, nan where it never happened."""

    harm: Floats  # expected number of units that the new certificate broke
    rolled_back: np.ndarray
    detected_window: Floats
    top_window: Floats  # first window at 0.95 or more
    mean_exposure: Floats  # over the horizon; 0 after a rollback
    back_offs: Floats
    windows: int
    late: dict[str, Any] = field(default_factory=dict)


class Panel:
    """All detectors of `adaptive` for many campaigns, built from its own channels."""

    def __init__(self, policy: Adaptive, world: World, campaigns: int) -> None:
        channels = {c.name: c for c in policy.channels()}
        made: dict[str, Any] = {
            name: discover()[c.detector](**c.params) for name, c in channels.items()
        }
        self.weights = {name: c.weight for name, c in channels.items()}
        self.starts = Starts(campaigns, made["global"])
        rows = {"global": 1, "trust_alert": 1, "segment": 0, "segment_alert": 0}
        self.tests = {
            name: Mixtures(campaigns, n or world.segments, made[name].thetas)
            for name, n in rows.items()
        }
        self.bound = Bound(campaigns, made["bound"])
        self.failures = Suspicion(campaigns, made["failure_suspicion"])
        self.alerts = Suspicion(campaigns, made["alert_suspicion"])
        self.rows = SegmentSuspicion(campaigns, made["segment_suspicion"], world.segments)
        self.n_new = np.zeros(campaigns)
        self.e = np.zeros(campaigns)
        self.world = world
        self.guided = True

    def receive(self, index: int, e: Floats, s: Slice) -> np.ndarray:
        """Take in one slice that ran at exposure e; return the alarms it raised."""
        falling = fell_all(self.e, e)
        self.starts.start(index % self.world.slices == 0, falling)
        self.e = e
        n = s.n1 + s.n0
        r = s.n1 / np.maximum(n, 1)
        released = self.starts.released
        self._whole("global", s.f1, s.f0, r)
        self._whole("trust_alert", s.a1, s.a0, r)
        self.tests["segment"].bet(*s.seg_f, r, released)
        self.tests["segment_alert"].bet(*s.seg_a, r, released)
        self.n_new += s.n1
        if not self.guided:
            return falling
        self.bound.update(s, falling)
        slices = self.world.slices
        alarm = self.failures.update(s.n1, s.f1, n, s.f1 + s.f0, e, slices, falling)
        alarm |= self.alerts.update(s.n1, s.a1, n, s.a1 + s.a0, e, slices, falling)
        return alarm | self.rows.update(s.n1, n, s.seg_f, e, slices, falling)

    def _whole(self, name: str, new: Ints, old: Ints, r: Floats) -> None:
        at = np.flatnonzero((new + old > 0) & (r > 0.0) & (r < 1.0))
        self.tests[name].bet_counts(at, at, new[at], (new + old)[at], r, self.starts.released)

    @property
    def evidence(self) -> Floats:
        """Return M, the weighted average of all tests."""
        silent = 1.0 - sum(self.weights[n] for n in self.tests)  # e-values of 1
        return sum((self.weights[n] * t.mean for n, t in self.tests.items()), np.array(silent))

    def sight(self, now: int, e: Floats, alarm: np.ndarray) -> Sight:
        """Return what a decision sees."""
        segment = 0.5 * (self.tests["segment"].mean + self.tests["segment_alert"].mean)
        trust = self.tests["trust_alert"].mean
        return Sight(now, e, self.evidence, trust, segment, self.bound.u, self.n_new, alarm)

    def keep(self, rows: np.ndarray) -> None:
        """Forget campaigns that are over."""
        parts = (self.starts, *self.tests.values(), self.bound, self.failures, self.alerts)
        parts += (self.rows,)
        for part in parts:
            part.keep(rows)
        self.n_new, self.e = self.n_new[rows], self.e[rows]


def fell_all(before: Floats, now: Floats) -> np.ndarray:
    """Return `simcert.detect._restart.fell`, elementwise: plain comparison of floats."""
    result: np.ndarray = np.asarray(fell(before, now))  # type: ignore[arg-type]
    return result


def fly(
    world: World,
    campaigns: int,
    rng: np.random.Generator,
    *,
    policy: Adaptive | None = None,
    steering: Steering | None = None,
    record: Record | None = None,
) -> Result:
    """Fly `campaigns` rollouts of one world; a rollback ends one, the horizon the others."""
    policy = policy or Adaptive()
    flown = _Flight(world, policy, steering, campaigns)
    for index in range(world.windows * world.slices):
        if not len(flown.alive):
            break
        flown.step(index, rng, record)
    return flown.result()


class _Flight:
    def __init__(
        self, world: World, policy: Adaptive, steering: Steering | None, campaigns: int
    ) -> None:
        self.world, self.policy = world, policy
        self.panel = Panel(policy, world, campaigns)
        self.panel.guided = steering is None
        self.steering = steering or AdaptiveArrays(policy, world, campaigns)
        self.alive = np.arange(campaigns)
        self.e = np.zeros(campaigns)
        if steering is not None:
            self.e = steering.steer(self.panel.sight(0, self.e, np.zeros(campaigns, bool)))
        self.under_way: deque[tuple[int, Floats, Slice]] = deque()
        blank = np.full(campaigns, np.nan)
        self.harm, self.exposed = np.zeros(campaigns), np.zeros(campaigns)
        self.detected, self.top = blank.copy(), blank.copy()
        self.back_offs = np.zeros(campaigns)
        self.limit = 1.0 / policy.alpha_of(1)

    def step(self, index: int, rng: np.random.Generator, record: Record | None) -> None:
        """Run one slice, hear of an earlier one, decide."""
        world, e = self.world, self.e
        at_top = (e >= self.policy.top) & np.isnan(self.top[self.alive])
        self.top[self.alive[at_top]] = index / world.slices
        faulty = self._faulty(index)
        s = draw(world, rng, e, faulty, index // world.slices)
        self.harm[self.alive] += np.where(faulty, world.harm_rate * s.n1, 0.0)
        self.exposed[self.alive] += e
        self.under_way.append((index, e, s))
        alarm = None
        if len(self.under_way) > world.lag_windows * world.slices:
            alarm = self.panel.receive(*self.under_way.popleft())
        self._decide(index, alarm, s, record)

    def _faulty(self, index: int) -> np.ndarray:
        world = self.world
        if world.late_windows is None:
            return np.ones(len(self.alive), bool)
        due = self.top[self.alive] + world.late_windows
        result: np.ndarray = index / world.slices >= due  # nan compares false
        return result

    def _decide(
        self, index: int, alarm: np.ndarray | None, s: Slice, record: Record | None
    ) -> None:
        """Decide after a slice; `alarm` is None where nothing was heard of any."""
        nobody = np.zeros(len(self.e), bool)
        sight = self.panel.sight(index + 1, self.e, nobody if alarm is None else alarm)
        proven = sight.evidence >= self.limit
        blind = alarm is None and isinstance(self.steering, AdaptiveArrays)
        wanted = self.e if blind else self.steering.steer(sight)  # its first step needs a rate
        after = np.where(proven, 0.0, wanted)
        if isinstance(self.steering, AdaptiveArrays):
            self.back_offs[self.alive] = self.steering.back_offs
        if record:
            record(index, self.e, s, after)
        self.detected[self.alive[proven]] = (index + 1) / self.world.slices
        self.e = after
        if proven.any():
            self._keep(np.flatnonzero(~proven))

    def _keep(self, rows: np.ndarray) -> None:
        self.alive, self.e = self.alive[rows], self.e[rows]
        self.panel.keep(rows)
        self.steering.keep(rows)
        self.under_way = deque(
            (i, e[rows], _kept(s, rows, self.world)) for i, e, s in self.under_way
        )

    def result(self) -> Result:
        """Return what happened."""
        done = ~np.isnan(self.detected)
        steps = self.world.windows * self.world.slices
        return Result(
            self.harm,
            done,
            self.detected,
            self.top,
            self.exposed / steps,
            self.back_offs,
            self.world.windows,
        )


def _kept(s: Slice, rows: np.ndarray, world: World) -> Slice:
    counts = {k: getattr(s, k)[rows] for k in ("n1", "n0", "f1", "f0", "a1", "a0")}
    place = np.full(len(s.n1), -1)
    place[rows] = np.arange(len(rows))
    return Slice(**counts, seg_f=_moved(s.seg_f, place, world), seg_a=_moved(s.seg_a, place, world))


def _moved(pair: tuple[Any, Any], place: np.ndarray, world: World) -> tuple[Any, Any]:
    moved = []
    for flat in pair:
        run = place[flat // world.segments]
        moved.append((run * world.segments + flat % world.segments)[run >= 0])
    return moved[0], moved[1]
