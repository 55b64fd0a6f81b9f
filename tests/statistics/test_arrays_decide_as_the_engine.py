"""The proof harness decides as the engine does: same windows, same exposures, to the last bit."""

from collections import deque
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from bench.evidence.campaign import fly
from bench.evidence.world import Slice, World, draw
from simcert.control.plan import Plan
from simcert.control.rollout import Rollout
from simcert.model import Kind, Phase, Window
from simcert.policy.adaptive import Adaptive
from simcert.scenario.build import analyzer_maker

OUTCOMES = ("ok", "close", "alert:unknown_ca")
OK, CLOSE, ALERT = range(3)


@dataclass
class Tape:
    """Everything that one campaign saw and decided, slice by slice."""

    campaign: int
    slices: list[tuple[float, Slice, float]] = field(default_factory=list)

    def record(self, _: int, e: np.ndarray, s: Slice, after: np.ndarray) -> None:
        self.slices.append((float(e[self.campaign]), s, float(after[self.campaign])))

    def windows(self, world: World) -> list[tuple[Window, float]]:
        """Return each slice as a window, with the exposure decided after it."""
        slice_s = 60.0 / world.slices
        segments = tuple(f"s{i:02d}" for i in range(world.segments))
        tape = []
        for i, (e, s, after) in enumerate(self.slices):
            units = _units(world, s, self.campaign)
            at = {"slice_index": i % world.slices, "slices": world.slices}
            start = i // world.slices * 60.0 + at["slice_index"] * slice_s
            window = Window.empty(
                start, start + slice_s, e, segments, OUTCOMES, units=units, attempts=units, **at
            )
            tape.append((window, after))
        return tape


def _units(world: World, s: Slice, campaign: int) -> np.ndarray:
    k = world.segments
    units = np.zeros((k, 2, 3), np.int64)
    for arm, n, failures, alerts in (
        (1, s.n1, s.seg_f[0], s.seg_a[0]),
        (0, s.n0, s.seg_f[1], s.seg_a[1]),
    ):
        failed, alerted = (
            np.bincount(x[x // k == campaign] % k, minlength=k) for x in (failures, alerts)
        )
        units[:, arm, CLOSE], units[:, arm, ALERT] = failed - alerted, alerted
        units[0, arm, OK] = n[campaign] - failed.sum()
    return units


@pytest.mark.parametrize(
    "world",
    [
        World(windows=60),
        World(windows=60, diurnal=0.6, phase=1.0),
        World(windows=40, delta=0.02, v=0.66),
        World(windows=100, units=200, slices=2, q0=0.03),
        World(windows=60, broken="own", v=0.0),
        World(windows=60, incident=(20, 30, 0.25)),
        World(windows=60, lag_windows=2),
        World(windows=60, delta=0.02, lag_windows=2),
    ],
    ids=[
        "null",
        "diurnal",
        "break",
        "small site",
        "rare segment",
        "incident",
        "late",
        "late break",
    ],
)
def test_same_windows_same_exposures(world: World) -> None:
    tape = Tape(0)
    fly(world, 1, np.random.default_rng(7), record=tape.record)
    policy = Adaptive()
    rollout = Rollout(policy, analyzer_maker(policy), Plan(slices=world.slices, soak_s=1e9))
    rollout.confirm(0.0, 0.0)
    moved, under_way = 0, deque[Window]()
    for window, after in tape.windows(world):
        assert rollout.exposure == window.exposure
        under_way.append(replace(window, lag_s=60.0 * world.lag_windows))
        if len(under_way) > world.lag_windows * world.slices:
            rollout.receive(under_way.popleft())
        decision = rollout.tick(window.end_s)
        assert decision.exposure == after, (window.start_s, decision.reason)
        rollout.confirm(decision.exposure, window.end_s)
        moved += decision.kind is not Kind.HOLD
    assert moved > 5  # the tape is not a straight line


def test_a_skewed_split_is_held_and_never_rolled_back_and_goes_on_when_it_is_right() -> None:
    """Bar 1 knows no split evidence: beside it, the engine only waits, and not for an operator."""
    rng, policy = np.random.default_rng(5), Adaptive()
    skewed, right = World(skew=1.2, slices=2), World(slices=2)
    rollout = Rollout(policy, analyzer_maker(policy), Plan(slices=2, soak_s=3600.0))
    rollout.confirm(0.0, 0.0)
    said = []
    for i in range(2 * 150):
        world = skewed if i < 2 * 100 else right
        one = Tape(0)
        e, nobody = np.array([rollout.exposure]), np.zeros(1, bool)
        one.slices.append((rollout.exposure, draw(world, rng, e, nobody, i // 2), 0.0))
        ((window, _),) = one.windows(world)
        window = replace(window, start_s=30.0 * i, end_s=30.0 * i + 30.0, slice_index=i % 2)
        rollout.receive(window)
        decision = rollout.tick(window.end_s)
        said.append(decision)
        rollout.confirm(decision.exposure, window.end_s)

    assert Kind.ROLL_BACK not in {one.kind for one in said}
    assert all("other shares" in one.reason for one in said[2 * 60 : 2 * 100])
    assert said[-1].kind is Kind.HOLD
    assert rollout.phase is Phase.COMPLETE
