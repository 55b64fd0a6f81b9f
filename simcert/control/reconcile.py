"""Reconcile: what to do when the exposure in force is not the one that was authorised.

A restart of the terminator, a human's hand, a lost write: the rule knows only the numbers. Down is
always allowed; up needs a lease, and happens only to what is authorised and journalled already.
"""

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What the driver does about it."""

    NOTHING = "nothing"
    WAIT = "wait"  # a change is on its way
    LOWER = "lower"  # more than authorised is in force: correct it now
    RESTORE = "restore"  # less than authorised is in force: put it back
    HOLD = "hold"  # less is in force and we may not raise, or do not know why


@dataclass(frozen=True, slots=True)
class Found:
    """What a read-back showed, beside what should be."""

    in_force: float
    authorised: float
    applied_s: float | None = None  # when we last asked for `authorised`; None: not by us
    now_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The action, the exposure to ask for (None: none), and why, for the journal."""

    action: Action
    exposure: float | None
    why: str


@dataclass(frozen=True, slots=True)
class Reconciler:
    """`settle_s` is how long an apply may take, `tolerance` what an adapter may round.

    With `respect_hand` an exposure that somebody lowered by hand stays low; without it, what is
    authorised comes back, and whoever wants less says `pause` or `abort`.
    """

    settle_s: float = 5.0
    tolerance: float = 1e-4
    respect_hand: bool = False

    def judge(self, found: Found, *, may_raise: bool) -> Verdict:
        """Return what to do; lowering comes first and asks nobody."""
        gap = found.in_force - found.authorised
        if abs(gap) <= self.tolerance:
            return Verdict(Action.NOTHING, None, "in force as authorised")
        seen = f"{found.in_force:g} in force, {found.authorised:g} authorised"
        settling = found.applied_s is not None and found.now_s - found.applied_s < self.settle_s
        if gap > 0.0:
            if settling:
                return Verdict(Action.WAIT, found.authorised, f"{seen}: asked to lower, not done")
            return Verdict(Action.LOWER, found.authorised, f"{seen}: too much, corrected")
        return self._too_little(found, seen, settling, may_raise)

    def _too_little(self, found: Found, seen: str, settling: bool, may_raise: bool) -> Verdict:
        if settling:
            return Verdict(Action.WAIT, None, f"{seen}: asked to raise, not done")
        if not may_raise:
            return Verdict(Action.HOLD, None, f"{seen}: no lease, nothing is raised")
        if self.respect_hand and found.applied_s is None:
            return Verdict(Action.HOLD, None, f"{seen}: lowered by another hand, held")
        return Verdict(Action.RESTORE, found.authorised, f"{seen}: too little, restored")
