"""Flagger: fixed limits on the new arm, failed checks counted for the whole rollout."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar

from simcert.errors import InputError
from simcert.model import Channel, Decision, View, bounds
from simcert.model.bounds import Count, NotNegative, Percent, Span, Within
from simcert.model.figures import held_to
from simcert.policy import _rival
from simcert.policy._peers import flagger as rules
from simcert.policy._peers import flagger_checks as checks

_SERVES_NEW = (rules.PROMOTING, rules.FINALISING, rules.SUCCEEDED)


@dataclass(frozen=True, slots=True)
class Flagger:
    """Weight rises by a step per interval until `max_weight_pct`, then promotion: 100 % at once.

    Defaults are the product's documented example. A limit of 0 is not checked. No data is a failed
    check, the first step is taken blind, and nothing is looked at after promotion: all as in the
    product. Source: docs.flagger.app, `tutorials`, and fluxcd/flagger pkg/controller.
    """

    tags: ClassVar[frozenset[str]] = frozenset({"per_window"})

    interval_s: Span = 60.0
    threshold: Count = 10  # failed checks until rollback, never reset by a pass
    step_pct: Annotated[int, Within(1, 100)] = 5
    steps_pct: Annotated[
        tuple[int, ...], Within(0, 100, open_low=True)
    ] = ()  # absolute weights instead of a constant step
    max_weight_pct: Annotated[int, Within(1, 100)] = 50
    success_min_pct: Percent = 99.0
    duration_max_ms: NotNegative = 500.0  # of the 99th percentile

    def __post_init__(self) -> None:
        bounds.check(self)
        if self.interval_s < 10.0:
            raise InputError(f"Flagger: interval_s must be at least 10, got {self.interval_s}")

    def channels(self) -> tuple[Channel, ...]:
        """Ask for success rate and 99th percentile of the handshake time over one interval."""
        return _rival.success_and_time(self.interval_s, self.duration_max_ms)

    def decide(self, view: View) -> Decision:
        """Run one tick of the canary loop when the interval is over."""
        memory = _rival.recalled(view)
        if still := _rival.stands_still(view) or _rival.not_due(view, memory, self.interval_s):
            return still
        before = _state(memory)
        passed, figure = self._check(view)
        facts = rules.Facts(new_revision=not memory, checks_pass=passed)
        after = rules.tick(self._analysis(), before, facts)
        kept = _rival.kept(view, self.interval_s, state=asdict(after))
        return self._told(view, before, after, figure, kept)

    def _analysis(self) -> rules.Analysis:
        return rules.Analysis(
            threshold=self.threshold,
            step_weight=0 if self.steps_pct else self.step_pct,
            step_weights=self.steps_pct,
            max_weight=self.max_weight_pct,
        )

    def _check(self, view: View) -> tuple[bool, str]:
        seen = _rival.counts(view)
        time_ms = view.assessment.reading("handshake_time").value
        success = checks.Metric(checks.SUCCESS_RATE, minimum=self.success_min_pct, ranged=True)
        duration = checks.Metric(checks.DURATION, maximum=self.duration_max_ms, ranged=True)
        figures = [(success, seen.new_pct)]
        figures += [(duration, time_ms)] if self.duration_max_ms else []
        passed = all(metric.accepts(value) for metric, value in figures)
        return passed, f"{', '.join(_said(*f) for f in figures)} (n = {seen.n_new})"

    def _told(
        self, view: View, before: rules.State, after: rules.State, figure: str, kept: dict[str, Any]
    ) -> Decision:
        failed = f"failed checks {after.failed_checks} of {max(self.threshold, 1)}"
        if after.phase == rules.FAILED:
            failed = f"failed checks {before.failed_checks} reached {max(self.threshold, 1)}"
            said = f"roll back: {failed}; last {figure}; final until a new revision"
            return view.roll_back(said, kept)
        if after.phase == rules.SUCCEEDED:
            return view.complete(f"complete: promoted; last check {figure}, {failed}", kept)
        share = 1.0 if after.phase in _SERVES_NEW else after.canary_weight / rules.TOTAL
        if after.phase in _SERVES_NEW:
            said = f"{after.phase.lower()}: all traffic, no more checks; last {figure}, {failed}"
            return view.move(share, said, kept)
        if not before.canary_weight:
            n = view.assessment.n_new
            said = f"weight {after.canary_weight} %, unchecked first step (n = {n}), {failed}"
            return view.move(share, said, kept)
        return view.move(share, f"weight {after.canary_weight} %: {figure}, {failed}", kept)


def _state(memory: Mapping[str, Any]) -> rules.State:
    return rules.State(**memory["state"]) if memory else rules.State()


def _said(metric: checks.Metric, value: float | None) -> str:
    most = metric.name == checks.DURATION
    limit = (metric.maximum if most else metric.minimum) or 0.0
    shown, held = held_to(value, limit)
    return f"p99 {shown}, at most {held} ms" if most else f"success {shown}, at least {held} %"
