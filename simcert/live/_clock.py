"""Seconds since the rollout began: never backwards, and after the wall clock as fast as it may."""

import time
from dataclasses import dataclass, field

JUMP_S = 1.0
SLOW = 0.5  # of full speed, while the wall clock is behind


@dataclass(slots=True)
class Clock:
    """`epoch_s` is when the rollout began, in seconds since 1970; a restart keeps it.

    Between two looks the monotonic clock counts. If the wall clock runs ahead (set, or the machine
    slept) time leaps after it; if it falls back, time goes on at half speed until the wall clock
    has caught up, and the records of that while, dated by the wall clock, come late.
    """

    epoch_s: float
    not_before_s: float = 0.0
    jumped_s: float = 0.0  # what `now` leapt since the last `take_jump`
    _anchor: tuple[float, float] = field(init=False)

    def __post_init__(self) -> None:
        wall = time.time() - self.epoch_s
        self._anchor = (max(wall, self.not_before_s), time.monotonic())

    def now(self) -> float:
        """Return the seconds since the epoch."""
        wall, monotonic = time.time() - self.epoch_s, time.monotonic()
        now, leapt_s = after(self._anchor, wall, monotonic)
        self._anchor = (now, monotonic)
        self.jumped_s += leapt_s
        return now

    def behind_s(self) -> float:
        """Return by how much the wall clock, which dates the records, is behind `now`."""
        return max(self.now() - (time.time() - self.epoch_s), 0.0)

    def take_jump(self) -> float:
        """Return by how much time leapt since the last call."""
        jumped, self.jumped_s = self.jumped_s, 0.0
        return jumped


def after(anchor: tuple[float, float], wall: float, monotonic: float) -> tuple[float, float]:
    """Return the time after `anchor` (time, monotonic clock), and by how much it leapt."""
    at, since = anchor
    passed_s = max(monotonic - since, 0.0)
    if wall > at + passed_s + JUMP_S:
        return wall, wall - at - passed_s
    ahead = at > wall + JUMP_S  # the wall clock fell back: let it catch up
    return at + passed_s * (SLOW if ahead else 1.0), 0.0
