"""Actuator delay: the terminator takes its time to serve what it was asked for."""

from dataclasses import dataclass

from simcert.world.faults._fault import Fault


@dataclass(frozen=True, slots=True)
class ActuatorDelay(Fault):
    """What is asked for in [from_s, until_s) comes into force `delay_s` later."""

    from_s: float = 0.0
    until_s: float = float("inf")
    delay_s: float = 60.0

    def effective_s(self, now_s: float) -> float:
        """Return the moment at which it counts."""
        return now_s + (self.delay_s if self.from_s <= now_s < self.until_s else 0.0)
