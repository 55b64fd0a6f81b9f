"""Actuator delay: the terminator takes its time to serve what it was asked for."""

from dataclasses import dataclass

from simcert.model.bounds import Delay, Moment, Until
from simcert.world.faults._fault import Fault


@dataclass(frozen=True, slots=True)
class ActuatorDelay(Fault):
    """What is asked for in [from_s, until_s) comes into force `delay_s` later."""

    from_s: Moment = 0.0
    until_s: Until = float("inf")
    delay_s: Delay = 60.0

    def effective_s(self, now_s: float) -> float:
        """Return the moment at which it counts."""
        return now_s + (self.delay_s if self.from_s <= now_s < self.until_s else 0.0)
