"""Fixed exponential: the exposure doubles at equal intervals, whatever the clients say."""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from simcert.model import Channel, Decision, View
from simcert.model.bounds import Exposure, NotNegative, Positive, Share, Whole
from simcert.policy._ladder import Ladder, alarm_channels, alarmed, pick


def _rungs(start: float, factor: float) -> tuple[float, ...]:
    rungs, rung = [], start
    while rung < 1.0 - 1e-9:
        rungs.append(round(rung, 9))
        rung *= factor
    return (*rungs, 1.0)


_SCHEDULES = {
    # 10 % * 2^N over 20 minutes in five intervals, then 10 minutes of bake
    "Canary10Percent20Minutes": Ladder(_rungs(0.1, 2.0), 240.0, 600.0, from_start=False)
}


@dataclass(frozen=True, slots=True)
class FixedExponential:
    """`start` * `factor`^N, a step each `every_s`; or a published `schedule` of AWS AppConfig.

    `alarm` as in `fixed_linear`.
    """

    tags: ClassVar[frozenset[str]] = frozenset()

    start: Exposure = 0.05
    factor: Positive = 2.0
    every_s: Positive = 600.0
    bake_s: NotNegative = 0.0
    schedule: str = ""
    alarm: bool = False
    alarm_failure_rate: Share = 0.05
    alarm_datapoints: Whole = 2
    alarm_of: Whole = 3

    def __post_init__(self) -> None:
        if not 0.0 < self.start <= 1.0 or self.factor <= 1.0:
            raise ValueError(f"need 0 < start <= 1 < factor, got {self.start} and {self.factor}")
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
def _ladder(policy: "FixedExponential") -> Ladder:
    if policy.schedule:
        return pick(policy.schedule, _SCHEDULES)
    return Ladder(_rungs(policy.start, policy.factor), policy.every_s, policy.bake_s)
