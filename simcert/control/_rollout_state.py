"""What a rollout remembers, evidence apart: everything that a restart must not forget."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from simcert.model import Phase, bounds
from simcert.model.bounds import Count, Share, Time

NEVER_S = float("-inf")


@dataclass(slots=True)
class State:
    """All that changes during a rollout, evidence apart; JSON values but for `NEVER_S`."""

    phase: Phase = Phase.WAITING
    resume_to: Phase = Phase.WAITING
    exposure: Share = 0.0  # as confirmed by read-back
    changed_s: Time = 0.0
    authorised: Share = 0.0  # the highest that a driver may have in force
    attempt: Count = 1
    started_s: Time = 0.0
    received_s: float = NEVER_S  # end of the last window that was counted
    usable_s: Time = 0.0  # end of the last window whose evidence could be used
    heard_s: Time = 0.0  # end of the last whole window, be it empty
    decided_window: int = -1
    rolled_back_ever: bool = False
    promoted: bool = False  # complete by an operator's word, not by the policy's
    skipped: Count = 0  # windows that came twice, or too late
    memory: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return values | {"received_s": None if self.received_s == NEVER_S else self.received_s}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> Self:
        """Return the state that `to_dict` described; ValueError if a number is none of it."""
        received_s = NEVER_S if saved["received_s"] is None else saved["received_s"]
        phases = {name: Phase(saved[name]) for name in ("phase", "resume_to")}
        state = cls(**{**saved, **phases, "received_s": received_s})
        bounds.check(state)
        return state
