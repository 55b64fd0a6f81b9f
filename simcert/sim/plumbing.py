"""Plumbing: feed and actuator of a simulated world, with all the faults that bend them."""

from bisect import insort
from collections.abc import Sequence

from simcert.errors import MachineError
from simcert.model import Window
from simcert.world.faults._fault import Fault
from simcert.world.streams import Purpose, Streams

SLACK_S = 1e-6  # sums of slice lengths are not exact


class SimFeed:
    """Hands out each window when it is final, as late, maimed or often as the faults want."""

    def __init__(self, faults: Sequence[Fault], streams: Streams) -> None:
        self._faults = faults
        self._streams = streams
        self._pushed = 0
        self._parcels: list[tuple[float, int, Window]] = []

    def push(self, window: Window) -> None:
        """Take a window that will be final `lag_s` after its end."""
        parcels = [(window.end_s + window.lag_s, window)]
        if self._faults:
            draw = self._streams.generator(Purpose.METRICS, self._pushed)
            for fault in self._faults:
                parcels = [p for due, one in parcels for p in fault.deliver(due, one, draw)]
        for due_s, one in parcels:
            self._pushed += 1
            insort(self._parcels, (due_s, self._pushed, one))

    def poll(self, now_s: float) -> Sequence[Window]:
        """Return what has arrived by now."""
        n = 0
        while n < len(self._parcels) and self._parcels[n][0] <= now_s + SLACK_S:
            n += 1
        arrived, self._parcels = self._parcels[:n], self._parcels[n:]
        return [window for _, _, window in arrived]


class SimActuator:
    """A terminator: obeys at once, unless a fault makes it late or deaf."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._faults = faults
        self._coming: list[tuple[float, float]] = []
        self._exposure = 0.0

    def apply(self, exposure: float, now_s: float) -> None:
        """Ask for `exposure`; the latest request wins when it comes into force."""
        self._reach(now_s)
        due_s = now_s
        for fault in self._faults:
            due_s = fault.effective_s(due_s)
        if due_s <= now_s:
            self._coming.clear()
            self._exposure = exposure
        else:
            self._coming.append((due_s, exposure))

    def read_back(self, now_s: float) -> float:
        """Return the exposure in force now."""
        self._reach(now_s)
        return self.serves(now_s)

    def serves(self, now_s: float) -> float:
        """Return what the world is served, whoever can or cannot read it."""
        while self._coming and self._coming[0][0] <= now_s + SLACK_S:
            self._exposure = self._coming.pop(0)[1]
        return self._exposure

    @property
    def settled(self) -> bool:
        """Whether no request is on its way."""
        return not self._coming

    def _reach(self, now_s: float) -> None:
        if any(fault.refuses(now_s) for fault in self._faults):
            raise MachineError(f"the terminator cannot be reached at {now_s:g} s")
