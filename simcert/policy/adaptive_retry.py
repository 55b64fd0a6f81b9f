"""Adaptive with fresh attempts: after a rollback it probes again, later and later."""

from dataclasses import dataclass
from typing import ClassVar

from simcert.model import Decision, Phase, View
from simcert.model.bounds import Positive, Whole
from simcert.model.figures import figure
from simcert.policy.adaptive import Adaptive


@dataclass(frozen=True, slots=True)
class AdaptiveRetry(Adaptive):
    """Attempt k + 1 begins `cool_down_s` * 2^(k - 1) after rollback k, at next to nothing.

    For breaks that pass by themselves (clocks, trust stores that update). Attempt k may spend
    alpha * 6 / (pi k)^2, so all attempts together withdraw a good certificate with probability
    alpha at most; each attempt on a broken one harms about as many as the first.
    """

    tags: ClassVar[frozenset[str]] = frozenset({"retries"})

    attempts_max: Whole = 4
    cool_down_s: Positive = 21_600.0

    def decide(self, view: View) -> Decision:
        """Wait out the cool-down after a rollback, else decide as `adaptive` does."""
        if view.phase is not Phase.ROLLED_BACK:
            return Adaptive.decide(self, view)
        attempt, n = view.progress.attempt, view.assessment.n_new
        if attempt >= self.attempts_max:
            last = f"attempt {attempt} of at most {self.attempts_max} was the last"
            return view.hold(f"rolled back: {last} (n = {n}); {self.after_rollback(attempt)}")
        wait_s = self.wait_s(attempt)
        since_s = view.progress.memory.get("at_s", view.now_s)
        again = f"attempt {attempt + 1} of {self.attempts_max}"
        waited = f"waited {view.now_s - since_s:.0f} of {wait_s:.0f} s (n = {n})"
        if since_s + wait_s - view.now_s > 0.0:
            return view.hold(f"rolled back: {waited}; then {again}")
        alpha = self.alpha_of(attempt + 1)
        spends = f"alpha {alpha:.2g}, withdrawn at evidence e-value {figure(1.0 / alpha)}"
        said = f"{again}: {waited}; {spends}"
        return view.move(min(self.first_exposure(view), self.back_off), said)

    def wait_s(self, attempt: int) -> float:
        """Return how long the attempt after rollback k = 1, 2, ... waits."""
        return self.cool_down_s * 2.0 ** (attempt - 1)

    def after_rollback(self, attempt: int) -> str:
        """Say when the next attempt begins; the last rollback is final as that of `adaptive`."""
        if attempt >= self.attempts_max:
            return Adaptive.after_rollback(self, attempt)
        return f"attempt {attempt + 1} of {self.attempts_max} in {self.wait_s(attempt):.0f} s"

    def first_exposure(self, view: View) -> float:
        """Return the exposure at which a fifth of a unit is expected in a slice."""
        a = view.assessment
        return 0.2 / max(a.units_per_s * a.window_s / a.slices, 1.0)
