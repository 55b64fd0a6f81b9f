"""The windows of all nodes as one feed: joined by control, as in the simulation of faults."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from simcert.control.joining import Joiner
from simcert.errors import MachineError
from simcert.live.redis_windows import RedisWindows
from simcert.model import Window

KEPT = 100  # slices that stay for a controller that comes after us


@dataclass(slots=True)
class RedisFeed:
    """Waits for every node of `joiner`; one that is missing lowers the completeness."""

    windows: RedisWindows
    joiner: Joiner
    read_only: bool = False  # a rehearsal beside the leader takes nothing away

    def exposed(self, exposure: float, from_s: float) -> None:
        """Every node knows its own exposure: nothing to note here."""

    def changing(self, from_s: float, to_s: float) -> None:
        """Nor here."""

    def unsure(self, from_s: float, to_s: float) -> None:
        """Nor here."""

    def poll(self, now_s: float) -> Sequence[Window]:
        """Return the joined windows that are final; MachineError if Redis does not answer."""
        for number, node, epoch, window in self.windows.since(self.joiner.next):
            self.joiner.add(number, node, epoch, window, now_s)
        before = self.joiner.next
        joined = self.joiner.take(now_s)
        if self.joiner.next // KEPT > before // KEPT and not self.read_only:
            with suppress(MachineError):  # they also expire
                self.windows.forget(self.joiner.next - KEPT)
        return joined
