"""Doubling: twice as many after each calm spell, back to the first step when a window fails."""

from dataclasses import dataclass
from typing import ClassVar

from simcert.model import Channel, Decision, Verdict, View


@dataclass(frozen=True, slots=True)
class Doubling:
    """Double the exposure every `dwell_s`, from `first`; a failed window begins again."""

    tags: ClassVar[frozenset[str]] = frozenset({"per_window"})
    first: float = 0.02
    dwell_s: float = 600.0
    limit: float = 0.95  # success rate of the new certificate, per window

    def channels(self) -> tuple[Channel, ...]:
        """Ask for the success rate of each window."""
        return (Channel("success", "success_rate", {"limit": self.limit, "n_min": 20}),)

    def decide(self, view: View) -> Decision:
        """Return the exposure wanted, with value, limit and n in the reason."""
        success = view.assessment.reading("success")
        told = f"success {success.value} against {self.limit}, n = {success.n}"
        if view.exposure == 0.0:
            return view.move(self.first, "first step")
        if success.verdict is Verdict.FAIL:
            return view.move(min(self.first, view.exposure), f"back to the first step: {told}")
        if success.verdict is not Verdict.PASS or view.held_s < self.dwell_s:
            return view.hold(f"held {view.held_s:.0f} s of {self.dwell_s:.0f}: {told}")
        if view.exposure >= 1.0:
            return view.complete(f"complete: {told}")
        return view.move(min(2.0 * view.exposure, 1.0), f"twice as many: {told}")
