"""What `adaptive` remembers between two decisions."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

from simcert.model import View

DOUBTS = {"evidence": "evidence", "alert": "trust-alert", "doubt": "segment"}
"""What may be doubted, as it is remembered and as it is said."""


class Memory(NamedTuple):
    """Soak time so far, end of the back-off, suspicions already answered, doubts that stand.

    Of each doubt: the highest e-value since it last went above its limit, and when that was.
    """

    at_s: float
    soaked_s: float = 0.0
    until_s: float = 0.0
    alarms: Sequence[int] = ()
    doubt_e: float = 0.0  # of segments
    doubt_s: float = 0.0
    evidence_e: float = 0.0
    evidence_s: float = 0.0
    alert_e: float = 0.0  # of trust alerts
    alert_s: float = 0.0

    @classmethod
    def of(cls, view: View, top: float) -> Self:
        """Return what the last decision left; time since then at `top` or above is soak."""
        before = view.progress.memory
        if not before:
            return cls(view.now_s)
        kept = cls(**before)
        since_s = view.now_s - kept.at_s if view.exposure >= top else 0.0
        return kept._replace(at_s=view.now_s, soaked_s=kept.soaked_s + since_s)

    def backed_off(self, until_s: float, alarms: list[int]) -> Self:
        """Return the memory of a suspicion that was answered."""
        return self._replace(until_s=until_s, alarms=alarms)

    def doubting(self, doubt: str, e_value: float, limit: float) -> Self:
        """Return the memory of an e-value: a new height is news, a fall ends the doubt.

        It must be higher by the limit: whoever adds nothing but what nobody would doubt is no news,
        for many rows are summed up, and those with failures in both arms are never at rest.
        """
        height: float = getattr(self, f"{doubt}_e")
        if e_value <= limit:
            return self._noted(doubt, 0.0, 0.0) if height else self
        news = e_value > height + limit * (height > 0.0)
        return self._noted(doubt, e_value, self.at_s) if news else self

    def _noted(self, doubt: str, e_value: float, at_s: float) -> Self:
        noted: dict[str, Any] = {f"{doubt}_e": e_value, f"{doubt}_s": at_s}
        return self._replace(**noted)

    def lived_with(self, doubt: str, stale_s: float) -> float:
        """Return the e-value that stood so long without news that it holds nobody up, or 0."""
        height: float = getattr(self, f"{doubt}_e")
        since_s: float = getattr(self, f"{doubt}_s")
        return height if height and self.at_s - since_s >= stale_s else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; doubts only if there are any."""
        kept: dict[str, Any] = {"at_s": self.at_s, "soaked_s": self.soaked_s}
        kept |= {"until_s": self.until_s, "alarms": [*self.alarms]}
        for doubt in DOUBTS:
            if getattr(self, f"{doubt}_e"):
                names = (f"{doubt}_e", f"{doubt}_s")
                kept |= {name: getattr(self, name) for name in names}
        return kept
