"""Controller restart: the controller dies and goes on from what it had saved."""

from dataclasses import dataclass

from simcert.model.bounds import Delay, Period
from simcert.world.faults._fault import Fault


@dataclass(frozen=True, slots=True)
class ControllerRestart(Fault):
    """At `at_s`, and every `every_s` after it if given, until `until_s`."""

    at_s: Delay = 7_200.0
    every_s: Period | None = None
    until_s: Delay = 86_400.0

    def restarts_s(self) -> tuple[float, ...]:
        """Return all moments of death."""
        if self.every_s is None:
            return (self.at_s,)
        times = int(max(self.until_s - self.at_s, 0.0) / self.every_s) + 1
        return tuple(self.at_s + i * self.every_s for i in range(times))
