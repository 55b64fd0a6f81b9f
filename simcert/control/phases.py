"""Phases of a rollout: a table; what stands not in it does not happen."""

from collections.abc import Mapping
from types import MappingProxyType

from simcert.model import Kind, Phase

FULL = 0.95  # exposure from which a rollout soaks
FINAL = frozenset({Phase.COMPLETE, Phase.ROLLED_BACK})
COMMANDS = ("pause", "resume", "abort", "promote")

_W, _P, _R, _H = Phase.WAITING, Phase.PROBING, Phase.RAMPING, Phase.HOLDING
_B, _S = Phase.BACKING_OFF, Phase.SOAKING

_UP = {_W: _P, _P: _R, _R: _R, _H: _R, _B: _R, _S: _S}
_STAY = {_W: _W, _P: _P, _R: _H, _H: _H, _B: _B, _S: _S}

DECIDED: Mapping[tuple[Phase, Kind], Phase] = MappingProxyType(
    {(phase, Kind.RAISE): then for phase, then in _UP.items()}
    | {(phase, Kind.HOLD): then for phase, then in _STAY.items()}
    | {(phase, Kind.LOWER): _B for phase in _STAY}
    | {(phase, Kind.ROLL_BACK): Phase.ROLLED_BACK for phase in _STAY}
    | {(phase, Kind.COMPLETE): Phase.COMPLETE for phase in _STAY}
    | {(phase, Kind.HOLD): phase for phase in (*FINAL, Phase.PAUSED)}
    | {(Phase.ROLLED_BACK, Kind.RAISE): _P}  # a fresh attempt, if the policy is tagged `retries`
)
"""Where a policy's decision leads."""

COMMANDED: Mapping[tuple[Phase, str], Phase] = MappingProxyType(
    {(phase, "pause"): Phase.PAUSED for phase in _STAY}
    | {(phase, "abort"): Phase.ROLLED_BACK for phase in Phase}
    | {(phase, "promote"): Phase.COMPLETE for phase in Phase}
    | {(Phase.ROLLED_BACK, "resume"): _W}  # an operator's fresh attempt
)
"""Where an operator's word leads; `resume` from `paused` returns to the phase before."""

STANDING: Mapping[Phase, tuple[float | None, str]] = MappingProxyType(
    {
        Phase.COMPLETE: (1.0, "complete: only the new certificate is served"),
        Phase.ROLLED_BACK: (0.0, "rolled back: only the old certificate is served"),
        Phase.PAUSED: (None, "paused by an operator: resume goes on, abort goes back"),
    }
)
"""What holds where the policy has no say: an exposure (None: the one last decided), and why."""

PROMOTED = "; an operator promoted it, and skipped what was left of ramp and soak"


def after(phase: Phase, kind: Kind, exposure: float) -> Phase | None:
    """Return the phase that a decision leads to, None if it may not be taken from `phase`."""
    then = DECIDED.get((phase, kind))
    if then is not None and then not in FINAL and kind is not Kind.LOWER and exposure >= FULL:
        return then if then is Phase.PAUSED else _S
    return then
