"""What `adaptive` remembers between two decisions."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

from simcert.model import View


class Memory(NamedTuple):
    """Soak time so far, end of the back-off, number of suspicions already answered."""

    at_s: float
    soaked_s: float = 0.0
    until_s: float = 0.0
    alarms: Sequence[int] = ()

    @classmethod
    def of(cls, view: View, top: float) -> Self:
        """Return what the last decision left; time since then at `top` or above is soak."""
        before = view.progress.memory
        if not before:
            return cls(view.now_s)
        memory = cls(**before)
        soaked_s = view.now_s - memory.at_s if view.exposure >= top else 0.0
        return memory._replace(at_s=view.now_s, soaked_s=memory.soaked_s + soaked_s)

    def backed_off(self, until_s: float, alarms: list[int]) -> Self:
        """Return the memory of a suspicion that was answered."""
        return self._replace(until_s=until_s, alarms=alarms)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {**self._asdict(), "alarms": list(self.alarms)}
