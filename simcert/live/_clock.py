"""Seconds since the rollout began: never backwards, and never slower than the wall clock."""

import time
from dataclasses import dataclass, field

JUMP_S = 1.0


@dataclass(slots=True)
class Clock:
    """`epoch_s` is when the rollout began, in seconds since 1970; a restart keeps it.

    Between two looks the monotonic clock counts. If the wall clock runs ahead (set, or the machine
    slept) time leaps after it; if it falls back, time goes on and the records of that while, dated
    by the wall clock, come late.
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
        at, since = self._anchor
        now, wall = at + time.monotonic() - since, time.time() - self.epoch_s
        if wall > now + JUMP_S:
            self.jumped_s += wall - now
            self._anchor = (wall, time.monotonic())
            return wall
        return now

    def take_jump(self) -> float:
        """Return by how much time leapt since the last call."""
        jumped, self.jumped_s = self.jumped_s, 0.0
        return jumped
