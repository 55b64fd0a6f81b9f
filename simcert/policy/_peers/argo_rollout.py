"""Argo's canary steps: weights and pauses in order, analysis that holds, pauses or aborts.

An abort is weight 0 and Degraded until a human retries; Inconclusive waits for a human.
Source: argoproj/argo-rollouts, rollout/ and utils/replicaset (Apache-2.0), read, not copied.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from simcert.policy._peers.argo_condition import ERROR, FAILED, INCONCLUSIVE, SUCCESSFUL

HOLD, NEXT_STEP, NONE = "hold", "next_step", "none"
PAUSE, ABORT = "pause_for_human", "abort"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a weight in percent, a pause (None: until resumed), or an analysis."""

    kind: str
    weight: int = 0
    pause_s: float | None = None


def canary_weight(steps: Sequence[Step], index: int, aborted: bool = False) -> int:
    """Return the weight at a step: that of the last `setWeight` up to it, 100 after the last."""
    if aborted:
        return 0
    if index >= len(steps):
        return 100
    return next((s.weight for s in reversed(steps[: index + 1]) if s.kind == "set_weight"), 0)


def pause_completed(
    duration_s: float | None, controller_paused: bool, condition_age_s: float | None
) -> bool:
    """Return whether a pause is over: its time has passed, or a human has lifted it."""
    if condition_age_s is None:
        return controller_paused
    return duration_s is not None and condition_age_s >= duration_s


def requires_manual_action(reason: str, duration_s: float | None) -> bool:
    """Return whether only a human ends the pause: no time of a step or of auto-promotion does."""
    return reason not in ("CanaryPauseStep", "BlueGreenPause") or not duration_s


def reaction(analysis: str, phase: str) -> str:
    """Return what the rollout does: only a step analysis holds the step that it belongs to."""
    if phase in (ERROR, FAILED):
        return ABORT
    if phase == INCONCLUSIVE:
        return PAUSE
    if analysis == "background":
        return NONE
    return NEXT_STEP if phase == SUCCESSFUL else HOLD


def kayenta_score_phase(score: float, passing: float, marginal: float) -> str:
    """Return the phase that a Kayenta score stands for."""
    if score >= passing:
        return SUCCESSFUL
    return INCONCLUSIVE if score >= marginal else FAILED
