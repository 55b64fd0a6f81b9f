"""The actuator as the loop sees it: rounding hidden, the feed told, a rehearsal possible."""

from collections.abc import Callable
from dataclasses import dataclass, field

from simcert.errors import MachineError
from simcert.live._setup import LiveFeed
from simcert.live.haproxy_actuator import BASIS, to_points
from simcert.model import Actuator


@dataclass(slots=True)
class Terminator:
    """Passes exposure on to the terminator, and what is really in force to the feed.

    The share in force is the asked one as soon as the terminator draws with the same basis points.
    In a `rehearsal` nothing is touched: what is in force already is what is read back.
    """

    actuator: Actuator
    feed: LiveFeed
    clock: Callable[[], float]
    rehearsal: bool = False
    refusal: Callable[[], str] = str  # why nothing may be raised, e.g. by probe clients
    _asked: float = field(default=0.0, init=False)

    def apply(self, exposure: float, now_s: float) -> None:
        """Put `exposure` in force; MachineError also for a raise that is refused."""
        if exposure > self._asked and (why := self.refusal()):
            raise MachineError(f"not raised: {why}")
        if not self.rehearsal:
            self.actuator.apply(exposure, now_s)
        self._asked = exposure

    def read_back(self, now_s: float) -> float:
        """Return the exposure in force; what the windows are labelled with."""
        live = self.actuator.read_back(now_s)
        self.feed.exposed(live, max(self.clock(), now_s))
        if round(live * BASIS) == to_points(self._asked):
            return self._asked
        return live
