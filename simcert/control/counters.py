"""Counters that only grow, until their process starts again: differences, never negative."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Increase(NamedTuple):
    """What was counted since the last reading, and whether something was lost in between."""

    counts: Mapping[str, float]
    complete: bool


@dataclass(slots=True)
class Counters:
    """Last readings of one process; `epoch` (pid, start time) tells a restart from a gap."""

    epoch: str = ""
    last: dict[str, float] = field(default_factory=dict)

    def read(self, epoch: str, values: Mapping[str, float]) -> Increase:
        """Return the increase since the last reading; the very first one has none.

        A restart, a drop or a vanished counter means that what was counted after the last reading
        is lost: the increase is what the new process counted, and it is incomplete.
        """
        first, before = not self.epoch, self.last
        restarted = epoch != self.epoch
        self.epoch, self.last = epoch, dict(values)
        if first:
            return Increase({}, complete=True)
        if restarted or before.keys() - values.keys():
            return Increase(dict(values), complete=False)
        dropped = any(value < before.get(name, 0.0) for name, value in values.items())
        increase = {name: _since(before.get(name, 0.0), value) for name, value in values.items()}
        return Increase(increase, complete=not dropped)


def _since(before: float, now: float) -> float:
    return now if now < before else now - before
