"""Actuator failure: the terminator cannot be reached; what it served, it goes on serving."""

from dataclasses import dataclass

from simcert.model.bounds import Moment, Until
from simcert.world.faults._fault import Fault


@dataclass(frozen=True, slots=True)
class ActuatorFailure(Fault):
    """Every request in [from_s, until_s) fails with MachineError, reading back included."""

    from_s: Moment = 3_600.0
    until_s: Until = 5_400.0

    def refuses(self, now_s: float) -> bool:
        """Return whether it is out of reach now."""
        return self.from_s <= now_s < self.until_s
