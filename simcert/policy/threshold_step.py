"""Threshold step: the original control loop, kept verbatim with its flaw.

It wants a success rate above target + margin = 1.00, so it can never raise; and once at 0 it sees
nothing of the new certificate any more. Kept as the baseline that made better ones necessary.
"""

from dataclasses import dataclass
from typing import ClassVar

from simcert.model import Channel, Decision, Phase, View, bounds
from simcert.model.bounds import Exposure, Positive, Share, Span
from simcert.model.figures import above as exceeds
from simcert.model.figures import apart, figure

SUCCESS = "success"


@dataclass(frozen=True, slots=True)
class ThresholdStep:
    """Each `every_s`: up a step above target + margin, down a step below target."""

    tags: ClassVar[frozenset[str]] = frozenset()

    target: Share = 0.95  # success rate of the new arm over the last `window_s`
    margin: Share = 0.05
    start: Exposure = 0.05
    step: Exposure = 0.01
    window_s: Span = 60.0
    every_s: Positive = 10.0

    def __post_init__(self) -> None:
        bounds.check(self)

    def channels(self) -> tuple[Channel, ...]:
        """Name one moving average: the success rate of connections with the new certificate."""
        params = {"over": "attempts", "span_s": self.window_s}
        return (Channel(SUCCESS, "moving_average", params),)

    def decide(self, view: View) -> Decision:
        """Return one step up, one step down, or nothing."""
        due_s = float(view.progress.memory.get("due_s", view.now_s))
        n = view.assessment.n_new
        if view.now_s < due_s:
            left = f"{due_s - view.now_s:.0f} of {self.every_s:g} s to go"
            return view.hold(f"next look: {left} (n = {n})")
        memory = {"due_s": view.now_s + self.every_s}
        if view.phase is Phase.WAITING:
            said = f"start at {self.start:g}: nothing is known at 0 (n = {n})"
            return view.move(self.start, said, memory)
        success = view.assessment.reading(SUCCESS)
        if success.value is None:
            why = f"0 connections in {self.window_s:g} s, success needs at least 1 (n = 0)"
            return view.hold(f"blind at {view.exposure:.2f}: {why}", memory)
        return self._step(view, success.value, success.n, memory)

    def _step(self, view: View, rate: float, n: int, memory: dict[str, float]) -> Decision:
        above = self.target + self.margin
        if rate > above:
            wanted = min(round(view.exposure + self.step, 9), 1.0)
            return view.move(wanted, f"success {exceeds(rate, above)} (n = {n})", memory)
        if rate < self.target:
            wanted = max(round(view.exposure - self.step, 9), 0.0)
            value, limit = apart(rate, self.target)
            return view.move(wanted, f"success {value} below {limit} (n = {n})", memory)
        value = apart(rate, self.target)[0]
        between = f"between {figure(self.target)} and {figure(above)}"
        return view.hold(f"success {value} {between} (n = {n})", memory)
