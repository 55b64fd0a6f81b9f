"""All at once: everybody gets the new certificate now; what most sites do."""

from dataclasses import dataclass
from typing import ClassVar

from simcert.model import Channel, Decision, View
from simcert.model.bounds import NotNegative, Share, Whole
from simcert.policy._ladder import Ladder, alarm_channels, alarmed


@dataclass(frozen=True, slots=True)
class AllAtOnce:
    """Exposure 1 at the first tick, complete after `bake_s`; `alarm` as in `fixed_linear`."""

    tags: ClassVar[frozenset[str]] = frozenset()

    bake_s: NotNegative = 0.0
    alarm: bool = False
    alarm_failure_rate: Share = 0.05
    alarm_datapoints: Whole = 2
    alarm_of: Whole = 3

    def channels(self) -> tuple[Channel, ...]:
        """Name the alarm, if there is one."""
        if not self.alarm:
            return ()
        return alarm_channels(self.alarm_failure_rate, self.alarm_datapoints, self.alarm_of)

    def decide(self, view: View) -> Decision:
        """Return 1."""
        ladder = Ladder((1.0,), 0.0, self.bake_s)
        return (alarmed(view) if self.alarm else None) or ladder.climb(view)
