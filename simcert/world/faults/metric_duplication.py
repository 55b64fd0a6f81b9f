"""Metric duplication: some windows arrive twice, the second time later."""

from dataclasses import dataclass

from numpy.random import Generator

from simcert.model import Window
from simcert.model.bounds import Delay, Moment, Share, Until
from simcert.world.faults._fault import Fault, Parcels


@dataclass(frozen=True, slots=True)
class MetricDuplication(Fault):
    """Of windows due in [from_s, until_s), `share` comes again `again_s` later."""

    from_s: Moment = 0.0
    until_s: Until = float("inf")
    share: Share = 0.2
    again_s: Delay = 30.0

    def deliver(self, due_s: float, window: Window, draw: Generator) -> Parcels:
        """Return the window once, or twice."""
        twice = self.from_s <= due_s < self.until_s and draw.random() < self.share
        again = [(due_s + self.again_s, window)] if twice else []
        return [(due_s, window), *again]
