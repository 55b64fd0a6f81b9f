"""View in, Decision out: all that a policy may know, and all that it may say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from simcert.model.assessment import Assessment
from simcert.model.truth import Prior, Truth


class Kind(StrEnum):
    """What a decision does to the exposure."""

    RAISE = "raise"
    HOLD = "hold"
    LOWER = "lower"
    ROLL_BACK = "roll_back"
    COMPLETE = "complete"


class Phase(StrEnum):
    """Where a rollout stands; `control/phases.py` holds the table of transitions."""

    WAITING = "waiting"
    PROBING = "probing"
    RAMPING = "ramping"
    HOLDING = "holding"
    BACKING_OFF = "backing_off"
    SOAKING = "soaking"
    COMPLETE = "complete"
    ROLLED_BACK = "rolled_back"
    PAUSED = "paused"


Memory = Mapping[str, Any]
"""What a policy wants to know at its next decision: JSON values only, journalled with it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the rollout stands in its plan: clocks, attempt number, the policy's own memory."""

    started_s: float = 0.0  # of this attempt
    deadline_s: float | None = None  # nothing is raised any more
    soak_s: float = 7200.0  # time at 0.95 or more, with hold-back, before complete
    target_success: float = 0.99  # over all connections, both arms, resumed included
    attempt: int = 1
    memory: Memory = field(default_factory=dict)
    old_until_s: float | None = None  # then the old certificate expires, or is revoked


@dataclass(frozen=True, slots=True)
class View:
    """All that a policy may know at one tick; `truth` is None for all but `needs_truth` in sim."""

    now_s: float
    exposure: float  # as confirmed by the actuator
    held_s: float  # since the exposure last changed
    phase: Phase = Phase.PROBING
    assessment: Assessment = field(default_factory=Assessment)
    progress: Progress = field(default_factory=Progress)
    prior: Prior | None = None
    truth: Truth | None = None

    def hold(self, reason: str, memory: Memory | None = None) -> "Decision":
        """Return the decision to leave the exposure where it is."""
        return Decision(self.exposure, reason, Kind.HOLD, self._kept(memory))

    def move(self, exposure: float, reason: str, memory: Memory | None = None) -> "Decision":
        """Return the decision to go to `exposure`: raise, hold or lower, as seen from here."""
        kind = Kind.RAISE if exposure > self.exposure else Kind.HOLD
        kind = Kind.LOWER if exposure < self.exposure else kind
        return Decision(exposure, reason, kind, self._kept(memory))

    def roll_back(self, reason: str, memory: Memory | None = None) -> "Decision":
        """Return the decision to withdraw the new certificate."""
        return Decision(0.0, reason, Kind.ROLL_BACK, self._kept(memory))

    def complete(self, reason: str, memory: Memory | None = None) -> "Decision":
        """Return the decision to serve only the new certificate from now on."""
        return Decision(1.0, reason, Kind.COMPLETE, self._kept(memory))

    def _kept(self, memory: Memory | None) -> Memory:
        """Return the memory of a decision: the one before, unless the policy gives another."""
        return self.progress.memory if memory is None else memory


@dataclass(frozen=True, slots=True)
class Decision:
    """The exposure wanted, and why, in one sentence with value, limit and n."""

    exposure: float
    reason: str
    kind: Kind = Kind.HOLD
    memory: Memory = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0.0 <= self.exposure <= 1.0:
            raise ValueError(f"exposure {self.exposure!r} is not in [0, 1]")

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        said = {"exposure": self.exposure, "kind": self.kind.value, "reason": self.reason}
        return {**said, "memory": dict(self.memory)}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Self:
        """Return the decision that `to_dict` described."""
        return cls(state["exposure"], state["reason"], Kind(state["kind"]), state["memory"])
