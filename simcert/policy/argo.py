"""Argo Rollouts: setWeight steps with pauses; an analysis run beside them, or as a step."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar

from simcert.errors import InputError
from simcert.model import Channel, Decision, View, bounds
from simcert.model.bounds import Count, NotNegative, Span, Whole, Within
from simcert.policy import _rival
from simcert.policy._peers import argo_analysis as analysis
from simcert.policy._peers import argo_condition as condition
from simcert.policy._peers import argo_rollout as rollout
from simcert.policy._peers.argo_parse import parse
from simcert.policy._peers.argo_tokens import ConditionError

_MODES = ("background", "step")
_NO_RUN: dict[str, Any] = {
    "phase": analysis.RUNNING,
    "result": asdict(analysis.Result()),
    "measured_s": None,
    "figure": "no measurement yet (n = 0)",
}


@dataclass(frozen=True, slots=True)
class Argo:
    """Weights 20, 40, 60, 80 % with pauses; a success rate below the limit aborts on failure 4.

    `mode` "background": measured every `interval_s` from step `starting_step` on, while the steps
    go on; all steps done ends the run as a success. "step": an analysis of `count` measurements
    after each pause, which holds the step. `result` in a condition is the list with the success
    rate of the new arm over `interval_s`, empty without data, as a Prometheus vector is.
    Defaults: the project's documented example. Source: argo-rollouts.readthedocs.io, `analysis`.
    """

    tags: ClassVar[frozenset[str]] = frozenset({"per_window"})

    weights_pct: Annotated[tuple[int, ...], Within(0, 100, open_low=True)] = (20, 40, 60, 80)
    pause_s: NotNegative = 600.0
    mode: str = "background"
    starting_step: Count = 2
    interval_s: Span = 300.0
    count: Whole = 5  # of a step analysis; one in the background has no end
    success_condition: str = "result[0] >= 0.95"
    failure_condition: str = ""
    failure_limit: Count = 3
    inconclusive_limit: Count = 0
    consecutive_error_limit: Count = 4

    def __post_init__(self) -> None:
        bounds.check(self)
        if self.mode not in _MODES:
            raise InputError(f'Argo: mode "{self.mode}" is none of {", ".join(_MODES)}')
        for name in ("success_condition", "failure_condition"):
            _understood(name, getattr(self, name))

    def channels(self) -> tuple[Channel, ...]:
        """Ask for the success rate over one interval."""
        return (_rival.success_query(self.interval_s),)

    def decide(self, view: View) -> Decision:
        """Measure if a measurement is due, then go as far through the steps as they allow."""
        memory = _rival.recalled(view) or self._fresh(view)
        if still := _rival.stands_still(view):
            return still
        run, figure = self._measured(view, memory)
        action = rollout.reaction(self.mode, run["phase"])
        if action == rollout.ABORT:
            return view.roll_back(f"abort: {figure}; degraded until a human retries", run)
        if action == rollout.PAUSE:
            return view.hold(f"inconclusive: {figure}; waits for a human", run)
        return self._stepped(view, run, figure)

    def _steps(self) -> tuple[rollout.Step, ...]:
        steps: list[rollout.Step] = []
        for weight in self.weights_pct:
            steps.append(rollout.Step("set_weight", weight=weight))
            steps.append(rollout.Step("pause", pause_s=self.pause_s))
            if self.mode == "step":
                steps.append(rollout.Step("analysis"))
        return tuple(steps)

    def _metric(self) -> analysis.Metric:
        return analysis.Metric(
            count=self.count if self.mode == "step" else None,
            interval=f"{self.interval_s:g}s",
            failure_limit=self.failure_limit,
            inconclusive_limit=self.inconclusive_limit,
            consecutive_error_limit=self.consecutive_error_limit,
        )

    def _fresh(self, view: View) -> dict[str, Any]:
        start = {"index": 0, "step_since_s": view.now_s, **_NO_RUN}
        return _rival.kept(view, 0.0, **start)

    def _measured(self, view: View, memory: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """Return the memory with the measurement of this moment, if one is due."""
        run, result = dict(memory), analysis.Result(**memory["result"])
        if not self._analysing(memory) or not self._due(view, memory, result):
            return run, memory["figure"]
        seen = _rival.counts(view)
        values = [] if seen.new_pct is None else [seen.new_pct / 100.0]
        measured = condition.phase(values, self.success_condition, self.failure_condition)
        result = result.after(measured)
        phase = analysis.metric_phase(self._metric(), result)
        rate = f"{values[0]:.5f}" if values else "no data"
        counted = f"failed {result.failed}, limit {self.failure_limit}, errors in a row "
        counted += f"{result.consecutive_error}, limit {self.consecutive_error_limit}"
        figure = f"measurement {measured}: success {rate} (n = {seen.n_new}), {counted}"
        news = {"measured_s": view.now_s, "figure": figure, "phase": phase}
        return run | news | {"result": asdict(result)}, figure

    def _analysing(self, memory: Mapping[str, Any]) -> bool:
        index, steps = memory["index"], self._steps()
        if self.mode == "background":
            return bool(index >= self.starting_step)
        return bool(index < len(steps) and steps[index].kind == "analysis")

    def _due(self, view: View, memory: Mapping[str, Any], result: analysis.Result) -> bool:
        if memory["measured_s"] is None:
            return True
        metric, since = self._metric(), view.now_s - memory["measured_s"]
        last = analysis.Measurement(result.last or "", since + 1e-6)
        return analysis.measurement_due(metric, last, count=result.count)

    def _stepped(self, view: View, run: dict[str, Any], figure: str) -> Decision:
        steps = self._steps()
        while run["index"] < len(steps) and self._step_over(view, run, steps[run["index"]]):
            run |= {"index": run["index"] + 1, "step_since_s": view.now_s}
            run |= self._started(run, steps)
        weight = rollout.canary_weight(steps, run["index"])
        where = f"step {run['index']} of {len(steps)}, weight {weight} %: {figure}"
        if run["index"] >= len(steps):
            return view.complete(f"complete: all steps done; {figure}", run)
        return view.move(weight / 100.0, where, run)

    def _step_over(self, view: View, run: Mapping[str, Any], step: rollout.Step) -> bool:
        if step.kind == "set_weight":
            return True
        if step.kind == "analysis":
            return bool(run["phase"] == condition.SUCCESSFUL)
        since = view.now_s - run["step_since_s"] + 1e-6
        return rollout.pause_completed(step.pause_s, True, since)

    def _started(self, run: Mapping[str, Any], steps: tuple[rollout.Step, ...]) -> dict[str, Any]:
        """Return what a fresh analysis run starts from, where one starts with this step."""
        begins = run["index"] == self.starting_step and self.mode == "background"
        inline = run["index"] < len(steps) and steps[run["index"]].kind == "analysis"
        return _NO_RUN | {"figure": run["figure"]} if begins or inline else {}


def _understood(name: str, condition: str) -> None:
    """Raise InputError unless the condition is empty or parses."""
    try:
        if condition:
            parse(condition)
    except ConditionError as error:
        raise InputError(f"Argo: {name} {condition!r}: {error}") from error
