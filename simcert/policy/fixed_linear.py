"""Fixed linear: equal steps at equal intervals, whatever the clients say."""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import ClassVar

from simcert.model import Channel, Decision, View
from simcert.model.bounds import Exposure, NotNegative, Positive, Share, Whole
from simcert.policy._ladder import Ladder, alarm_channels, alarmed, pick


def _rungs(step: float) -> tuple[float, ...]:
    return (*(round(i * step, 9) for i in range(1, ceil(1.0 / step - 1e-9))), 1.0)


_MINUTES = {"Minute": (1, 2, 3, 10), "Minutes": (1, 2, 3, 10)}
_SCHEDULES = {
    f"Linear10PercentEvery{n}{word}": Ladder(_rungs(0.1), 60.0 * n)
    for word, minutes in _MINUTES.items()
    for n in minutes
} | {
    # AppConfig shifts at the end of each interval and bakes afterwards
    "Linear20PercentEvery6Minutes": Ladder(_rungs(0.2), 360.0, 1800.0, from_start=False),
    "Linear50PercentEvery30Seconds": Ladder(_rungs(0.5), 30.0, 60.0, from_start=False),
}


@dataclass(frozen=True, slots=True)
class FixedLinear:
    """Steps of `step` each `every_s`, `bake_s` at the top; or a published `schedule` by its name.

    The names are those of AWS CodeDeploy and AWS AppConfig (their user guides). `alarm` adds what
    they call a CloudWatch alarm: M of N windows with a failure rate above `alarm_failure_rate` in
    the new arm, no comparison with the old one; windows without data are ignored.
    """

    tags: ClassVar[frozenset[str]] = frozenset()

    step: Exposure = 0.1
    every_s: Positive = 60.0
    bake_s: NotNegative = 0.0
    from_start: bool = True
    schedule: str = ""
    alarm: bool = False
    alarm_failure_rate: Share = 0.05
    alarm_datapoints: Whole = 2
    alarm_of: Whole = 3

    def __post_init__(self) -> None:
        if not 0.0 < self.step <= 1.0:
            raise ValueError(f"step {self.step} is not in (0, 1]")
        _ladder(self)

    def channels(self) -> tuple[Channel, ...]:
        """Name the alarm, if there is one."""
        if not self.alarm:
            return ()
        return alarm_channels(self.alarm_failure_rate, self.alarm_datapoints, self.alarm_of)

    def decide(self, view: View) -> Decision:
        """Return the rung that is due."""
        return (alarmed(view) if self.alarm else None) or _ladder(self).climb(view)


@lru_cache(maxsize=64)
def _ladder(policy: "FixedLinear") -> Ladder:
    if policy.schedule:
        return pick(policy.schedule, _SCHEDULES)
    return Ladder(_rungs(policy.step), policy.every_s, policy.bake_s, policy.from_start)
