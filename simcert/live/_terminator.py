"""The actuator as the loop sees it: rounding hidden, the feed told, a rehearsal possible."""

from collections.abc import Callable
from dataclasses import dataclass, field

from simcert.control.orders import BASIS
from simcert.errors import MachineError
from simcert.live._setup import LiveFeed
from simcert.live.haproxy_actuator import to_points
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
    _since_s: float = field(default=float("-inf"), init=False)  # of `_seen`, or of our own change
    _seen: int | None = field(default=None, init=False)  # points in force; None: we may change it

    def apply(self, exposure: float, now_s: float) -> None:
        """Put `exposure` in force; MachineError also for a raise that is refused."""
        if exposure > self._asked and (why := self.refusal()):
            raise MachineError(f"not raised: {why}")
        if not self.rehearsal:
            if self._seen is not None:  # whatever is found next, we may have done it, from now on
                self._seen, self._since_s = None, max(self.clock(), now_s)
            self.actuator.apply(exposure, now_s)
        self._asked = exposure

    def read_back(self, now_s: float) -> float:
        """Return the exposure in force; what the windows are labelled with."""
        live = self.actuator.read_back(now_s)
        points, at_s = round(live * BASIS), max(self.clock(), now_s)
        if self._seen is not None and self._seen != points:
            self.feed.unsure(self._since_s, at_s)  # another hand, nobody knows at which moment
        if self._seen != points:
            self.feed.changing(self._since_s, at_s)
        self._seen, self._since_s = points, at_s
        self.feed.exposed(live, at_s)
        if points == to_points(self._asked):
            return self._asked
        return live
