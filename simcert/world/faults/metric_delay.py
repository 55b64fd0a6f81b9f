"""Metric delay: windows reach the analyzer late."""

from dataclasses import dataclass

from numpy.random import Generator

from simcert.model import Window
from simcert.model.bounds import Delay, Moment, Until
from simcert.world.faults._fault import Fault, Parcels


@dataclass(frozen=True, slots=True)
class MetricDelay(Fault):
    """Windows that are due in [from_s, until_s) arrive `delay_s` later."""

    from_s: Moment = 0.0
    until_s: Until = float("inf")
    delay_s: Delay = 300.0

    def deliver(self, due_s: float, window: Window, draw: Generator) -> Parcels:
        """Return the window, later."""
        del draw
        late_s = self.delay_s if self.from_s <= due_s < self.until_s else 0.0
        return [(due_s + late_s, window)]
