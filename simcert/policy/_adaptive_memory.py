"""What `adaptive` remembers between two decisions."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

from simcert.model import View


class Memory(NamedTuple):
    """Soak time so far, end of the back-off, suspicions already answered, the doubt that stands."""

    at_s: float
    soaked_s: float = 0.0
    until_s: float = 0.0
    alarms: Sequence[int] = ()
    doubt_e: float = 0.0  # highest segment e-value since it last went above its limit
    doubt_s: float = 0.0  # when that was

    @classmethod
    def of(cls, view: View, top: float) -> Self:
        """Return what the last decision left; time since then at `top` or above is soak."""
        before = view.progress.memory
        if not before:
            return cls(view.now_s)
        at_s, soaked_s, until_s, alarms, doubt_e, doubt_s = cls(**before)
        soaked_s += view.now_s - at_s if view.exposure >= top else 0.0
        return cls(view.now_s, soaked_s, until_s, alarms, doubt_e, doubt_s)

    def backed_off(self, until_s: float, alarms: list[int]) -> Self:
        """Return the memory of a suspicion that was answered."""
        return self._replace(until_s=until_s, alarms=alarms)

    def doubting(self, segment_e: float, limit: float) -> Self:
        """Return the memory of a segment e-value: a new height is news, a fall ends the doubt."""
        if segment_e <= limit:
            return self._replace(doubt_e=0.0, doubt_s=0.0) if self.doubt_e else self
        if segment_e > self.doubt_e:
            return self._replace(doubt_e=segment_e, doubt_s=self.at_s)
        return self

    def lived_with(self, stale_s: float) -> float:
        """Return the segment e-value that stood so long without news that it holds nobody up."""
        return self.doubt_e if self.doubt_e and self.at_s - self.doubt_s >= stale_s else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; a doubt only if there is one."""
        at_s, soaked_s, until_s, alarms, doubt_e, doubt_s = self
        kept: dict[str, Any] = {"at_s": at_s, "soaked_s": soaked_s, "until_s": until_s}
        kept["alarms"] = [*alarms]
        if doubt_e:
            kept["doubt_e"], kept["doubt_s"] = doubt_e, doubt_s
        return kept
