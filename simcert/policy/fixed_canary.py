"""Fixed canary: a small share for a fixed time, then everybody."""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from simcert.model import Channel, Decision, View
from simcert.model.bounds import Chance, NotNegative, Share, Whole
from simcert.policy._ladder import Ladder, alarm_channels, alarmed, pick

_SCHEDULES = {f"Canary10Percent{n}Minutes": Ladder((0.1, 1.0), 60.0 * n) for n in (5, 10, 15, 30)}


@dataclass(frozen=True, slots=True)
class FixedCanary:
    """`share` for `wait_s`, then 1; or a published `schedule` of AWS CodeDeploy by its name.

    `alarm` as in `fixed_linear`.
    """

    tags: ClassVar[frozenset[str]] = frozenset()

    share: Chance = 0.1
    wait_s: NotNegative = 900.0
    bake_s: NotNegative = 0.0
    schedule: str = ""
    alarm: bool = False
    alarm_failure_rate: Share = 0.05
    alarm_datapoints: Whole = 2
    alarm_of: Whole = 3

    def __post_init__(self) -> None:
        if not 0.0 < self.share < 1.0:
            raise ValueError(f"share {self.share} is not in (0, 1)")
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
def _ladder(policy: "FixedCanary") -> Ladder:
    if policy.schedule:
        return pick(policy.schedule, _SCHEDULES)
    return Ladder((policy.share, 1.0), policy.wait_s, policy.bake_s)
