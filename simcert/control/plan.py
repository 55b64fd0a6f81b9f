"""Plan: clocks, objective and safety limits of one rollout; the policy is not in it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Self

from simcert.model import bounds
from simcert.model.bounds import SLICES, Share, Time, Within

Span = Annotated[float, Within(0.0, 1e12)]


@dataclass(frozen=True, slots=True)
class Plan:
    """What holds whichever policy flies; times in seconds, exposures are shares.

    Evidence older than `stale_after_s` (plus the feed's own lag) permits no raise; after
    `blind_after_s` without usable evidence the exposure falls to `safe_exposure`. Both default to
    3 and 30 windows. The old certificate expires, or is revoked, at `old_until_s`. Exposures closer
    than `exposure_tolerance` are the same (adapters round).
    """

    window_s: Annotated[float, Within(1e-3, 1e9)] = 60.0
    slices: Annotated[int, SLICES] = 1
    soak_s: Span = 7200.0
    deadline_s: Time | None = None
    old_until_s: Time | None = None
    target_success: Share = 0.99
    exposure_max: Share = 1.0
    safe_exposure: Share = 0.05
    stale_after_s: Span | None = None
    blind_after_s: Span | None = None
    attempts_max: Annotated[int, Within(1, 1e6)] = 10
    exposure_tolerance: Share = 1e-4

    def __post_init__(self) -> None:
        bounds.check(self)

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
