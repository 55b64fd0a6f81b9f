"""The windows of all nodes as one feed: joined by control, as in the simulator."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from simcert.control.joining import Joiner
from simcert.errors import InputError, MachineError
from simcert.live.redis_windows import RedisWindows
from simcert.model import Window


@dataclass(slots=True)
class RedisFeed:
    """Waits for every node of `joiner.sources`; one that is missing lowers the completeness."""

    windows: RedisWindows
    joiner: Joiner
    since_s: float = 0.0
    _left_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._left_s = self.since_s - 1e-6

    def poll(self, now_s: float) -> Sequence[Window]:
        """Return the joined windows that are final; MachineError if Redis fails or lies."""
        try:
            for one in self.windows.since(self._left_s):
                self.joiner.add(one)
        except (InputError, ValueError, KeyError, TypeError) as error:
            raise MachineError(f"redis: a window that is none: {error}") from error
        joined = self.joiner.take(now_s)
        if joined:
            self._left_s = joined[-1].start_s
            self.windows.forget(self._left_s)
        return joined
