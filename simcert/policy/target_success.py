"""Target success: the largest exposure that keeps the success rate over all connections.

With s_old and s_new the arms' success rates, exposure e gives s_old - e (s_old - s_new); the
largest e that keeps the target is (s_old - target) / (s_old - s_new). The concept's procedure:
start small, watch, step up or down, a threshold and a step for each metric.
"""

from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

from simcert.model import Channel, Decision, Reading, Verdict, View, bounds
from simcert.model.bounds import Count, Exposure, NotNegative, Positive, Share, Span
from simcert.model.figures import apart


@dataclass(frozen=True, slots=True)
class TargetSuccess:
    """Up `step_up` each `every_s` while all metrics pass, down by the step of the worst that fails.

    The target is the plan's unless `target` is given. Never below `floor`, lest it go blind; a new
    arm below `give_up`, or bad for `patience_s` at the floor, is rolled back for good. Averages
    over `span_s`, judged from `n_min` connections of the new arm on.
    """

    tags: ClassVar[frozenset[str]] = frozenset()

    target: Share | None = None
    start: Exposure = 0.05
    step_up: Exposure = 0.05
    every_s: Positive = 300.0
    dead_band: Share = 0.1  # share of the exposure; a smaller correction is not worth a change
    span_s: Span = 600.0
    n_min: Count = 50
    slack: Share = 0.002  # loss of success over all that is tolerated whatever the target
    z: NotNegative = 3.0  # standard errors in favour of the new arm
    floor: Share = 0.01
    patience_s: NotNegative = 3600.0  # at the floor with bad news, before giving up
    top: Exposure = 0.95  # held until the soak is over
    give_up: Share = 0.80
    give_up_gap: Share = 0.05  # by which the old arm must be better, lest an outage be blamed
    time_ratio: Positive = 1.5  # p95 handshake time, new over old
    time_step: Share = 0.05
    feature_tolerance: Share = 0.02  # share of TLS 1.3, new minus old
    feature_step: Share = 0.05
    alert_limit: Share = 0.01  # share of units with an alert that blames the certificate
    alert_step: Share = 0.10

    def __post_init__(self) -> None:
        bounds.check(self)

    def channels(self) -> tuple[Channel, ...]:
        """Name the success rate of both arms and a threshold for every other metric."""
        rate = {"over": "attempts", "span_s": self.span_s}
        return (
            Channel("success_new", "moving_average", {**rate, "n_min": self.n_min}),
            Channel("success_old", "moving_average", {**rate, "arm": "old", "n_min": self.n_min}),
            Channel("handshake_time", "handshake_time", {"ratio": self.time_ratio, "n_min": 200}),
            Channel("features", "feature_rate", {"tolerance": self.feature_tolerance}),
            Channel("error_codes", "error_codes", {"limit": self.alert_limit, "excess": 0.005}),
        )

    def decide(self, view: View) -> Decision:
        """Return the exposure that keeps the target, as far as one step goes."""
        if view.exposure == 0.0:
            n = view.assessment.n_new
            return view.move(
                self.start, f"start at {self.start:g}: nothing is known at 0 (n = {n})"
            )
        new = view.assessment.reading("success_new")
        if new.value is None:
            least = f"at least {self.n_min} with the new certificate"
            return view.hold(
                f"hold {view.exposure:.3g}: too few connections (n = {new.n}), {least}"
            )
        return self._lost(view, new) or self._metrics(view) or self._success(view, new)

    def _lost(self, view: View, new: Reading) -> Decision | None:
        """Return a rollback if the new arm is beyond hope, and the old one is not."""
        value, old = new.value or 0.0, view.assessment.reading("success_old").value
        if value >= self.give_up or (old is not None and old - value < self.give_up_gap):
            return None
        arms = "success {} of the new arm below {}".format(*apart(value, self.give_up))
        better = "no old arm to compare"
        if old is not None:
            better = f"old arm {old:.4f}, better by at least {self.give_up_gap:g}"
        return view.roll_back(f"roll back: {arms} (n = {new.n}), {better}")

    def _metrics(self, view: View) -> Decision | None:
        """Return a step down for the metric with the largest step among those that fail."""
        steps = {
            "error_codes": self.alert_step,
            "handshake_time": self.time_step,
            "features": self.feature_step,
        }
        bad = [name for name in steps if view.assessment.reading(name).verdict is Verdict.FAIL]
        if not bad:
            return None
        name = max(bad, key=lambda one: steps[one])
        reading = view.assessment.reading(name)
        why = f"{name} {reading.value:.4g} beyond {reading.limit:.4g} (n = {reading.n})"
        return self._down(view, view.exposure - steps[name], why)

    def _success(self, view: View, new: Reading) -> Decision:
        target = view.progress.target_success if self.target is None else self.target
        old = view.assessment.reading("success_old")
        most, why = largest(target, new, old, self.slack, self.z)
        why += f" (n = {new.n})"
        if most < view.exposure * (1.0 - self.dead_band):
            return self._down(view, most, why)
        if view.exposure >= self.top:
            return self._soak(view, why)
        wanted = min(most, self.top, round(view.exposure + self.step_up, 9))
        near = most < self.top and most <= view.exposure * (1.0 + self.dead_band)
        if near or view.held_s + 1e-6 < self.every_s:
            left_s = max(self.every_s - view.held_s, 0.0)
            return view.hold(f"hold {view.exposure:.3g}: {why}, next step in {left_s:.0f} s")
        return view.move(wanted, f"raise to {wanted:.3g}: {why}")

    def _soak(self, view: View, why: str) -> Decision:
        left_s = view.progress.soak_s - view.held_s
        if left_s > 1e-6:
            return view.hold(f"soak at {view.exposure:g}: {left_s:.0f} s to go, {why}")
        soaked = f"soaked {view.held_s:.0f} of {view.progress.soak_s:.0f} s"
        return view.complete(f"complete: {soaked}, {why}")

    def _down(self, view: View, wanted: float, why: str) -> Decision:
        """Step down at most once in a tenth of a span, for the average needs time to follow."""
        wanted = min(max(round(wanted, 9), self.floor), view.exposure)
        if wanted <= self.floor and view.exposure <= self.floor and view.held_s >= self.patience_s:
            patient = f"{view.held_s:.0f} of {self.patience_s:g} s at the floor {self.floor:g}"
            return view.roll_back(f"roll back: {patient}, {why}")
        if wanted >= view.exposure or view.held_s + 1e-6 < 0.1 * self.span_s:
            return view.hold(f"hold {view.exposure:.3g}: {why}")
        return view.move(wanted, f"lower to {wanted:.3g}: {why}")


def largest(target: float, new: Reading, old: Reading, slack: float, z: float) -> tuple[float, str]:
    """Return the largest exposure that keeps the target, and why, in words.

    What may be lost over all is old - target, `slack` at least: a target that the old certificate
    misses as well is no reason to go down. What is lost per unit of exposure is old - new, less
    `z` standard errors of that difference.
    """
    if new.value is None or old.value is None:
        return 1.0, f"success {new.value or 0.0:.4f} new, too few of the old arm to compare"
    arms = f"success {new.value:.4f} new, {old.value:.4f} old, target {target:g}"
    loss = old.value - new.value - z * sqrt(_variance(new) + _variance(old))
    budget = max(old.value - target, slack)
    sure = "{}: surely lost {}, budget {}".format(arms, *apart(loss, budget))
    if loss <= budget:
        return 1.0, f"{sure}, allows 1"
    return budget / loss, f"{sure}, allows {budget / loss:.3g}"


def _variance(reading: Reading) -> float:
    """Return the variance of a rate, with one success and one failure more."""
    rate = ((reading.value or 0.0) * reading.n + 1.0) / (reading.n + 2.0)
    return rate * (1.0 - rate) / max(reading.n, 1)
