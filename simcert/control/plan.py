"""Plan: clocks, objective and safety limits of one rollout; the policy is not in it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from simcert.errors import InputError


@dataclass(frozen=True, slots=True)
class Plan:
    """What holds whichever policy flies; times in seconds, exposures are shares.

    Evidence older than `stale_after_s` (plus the feed's own lag) permits no raise; after
    `blind_after_s` without usable evidence the exposure falls to `safe_exposure`. Both default to
    3 and 30 windows. The old certificate expires, or is revoked, at `old_until_s`. Exposures closer
    than `exposure_tolerance` are the same (adapters round).
    """

    window_s: float = 60.0
    slices: int = 1
    soak_s: float = 7200.0
    deadline_s: float | None = None
    old_until_s: float | None = None
    target_success: float = 0.99
    exposure_max: float = 1.0
    safe_exposure: float = 0.05
    stale_after_s: float | None = None
    blind_after_s: float | None = None
    attempts_max: int = 10
    exposure_tolerance: float = 1e-4

    def __post_init__(self) -> None:
        for name in ("window_s", "slices", "attempts_max"):
            if not getattr(self, name) > 0:
                raise InputError(f"plan.{name} must be more than 0, got {getattr(self, name)!r}")
        for name in ("target_success", "exposure_max", "safe_exposure"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise InputError(f"plan.{name} must be in [0, 1], got {getattr(self, name)!r}")

    @property
    def slice_s(self) -> float:
        """Length of one slice."""
        return self.window_s / self.slices

    @property
    def stale_s(self) -> float:
        """Age at which evidence permits no raise."""
        return 3.0 * self.window_s if self.stale_after_s is None else self.stale_after_s

    @property
    def blind_s(self) -> float:
        """Age at which the exposure falls to the safe one."""
        return 30.0 * self.window_s if self.blind_after_s is None else self.blind_after_s

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Self:
        """Return the plan that `to_dict` described."""
        return cls(**state)
