"""Argo's cases: JSON values to its rules and back."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from simcert.policy._peers import argo_analysis as analysis
from simcert.policy._peers import argo_condition, argo_rollout

Case = Mapping[str, Any]
_TEXTS = frozenset({"name", "interval", "initial_delay"})
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBERS = {"NaN": float("nan"), "+Inf": float("inf"), "Inf": float("inf"), "-Inf": -float("inf")}


def _metric(given: Case) -> analysis.Metric:
    known = {k: given[k] for k in analysis.Metric.__slots__ if given.get(k) is not None}
    limits = {k for k, value in known.items() if k not in _TEXTS and isinstance(value, str)}
    return analysis.Metric(**known | {k: _limit(known[k]) for k in limits})


def _limit(text: str) -> int:
    """Return a limit that is written as a string: one that spells no whole number reads as 0."""
    return int(text) if _WHOLE.fullmatch(text) else 0


def _result(given: Case) -> analysis.Result:
    known = (k for k in analysis.Result.__slots__ if k not in ("phase", "last"))
    counters = {k: given[k] for k in known if given.get(k) is not None}
    return analysis.Result(
        phase=given.get("phase"), last=given.get("last_measurement_phase"), **counters
    )


def _counters(result: analysis.Result) -> dict[str, Any]:
    return {k: getattr(result, k) for k in result.__slots__ if k not in ("phase", "last")}


def _metric_status(case: Case) -> dict[str, Any]:
    metric, result = _metric(case["metric"]), _result(case["result"])
    stop = bool(case.get("terminating", False))
    return {"phase": analysis.metric_phase(metric, result, stop)}


def _metric_sequence(case: Case) -> dict[str, Any]:
    metric, result, phases = _metric(case["metric"]), analysis.Result(), []
    for measured in case["measurements"]:
        result = result.after(measured)
        phases.append(analysis.metric_phase(metric, result))
        result = replace(result, phase=phases[-1])
    return {"phase_after": phases}


def _entry(given: Case) -> analysis.Entry:
    result = _result(given)
    started = given.get("phase") is not None or result != analysis.Result()
    metric = analysis.Metric(name=given.get("name") or "")
    return analysis.Entry(metric, result, bool(given.get("dry_run")), started)


def _run_status(case: Case) -> dict[str, Any]:
    entries = [_entry(m) for m in case["metrics"]]
    found = analysis.run_status(entries, bool(case.get("terminate_requested")))
    return {
        "phase": found.phase,
        "metric_phases": [*found.metric_phases],
        "dry_run_summary": found.dry_run_summary,
        "first_named_metric": found.named,
    }


def _is_terminating(case: Case) -> dict[str, Any]:
    entries = [_entry(m) for m in case["metrics"]]
    return {"terminating": analysis.is_terminating(bool(case.get("terminate_requested")), entries)}


def _evaluate_condition(case: Case) -> dict[str, Any]:
    success, failure = case.get("success_condition"), case.get("failure_condition")
    return {"phase": argo_condition.phase(_go(case.get("result")), success, failure)}


def _go(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    """Return the value with NaN and the infinities that JSON can only spell."""
    if isinstance(value, list):
        return [_go(v) for v in value]
    if isinstance(value, dict):
        return {k: _go(v) for k, v in value.items()}
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        return float(value)
    return _NUMBERS.get(value, value) if isinstance(value, str) else value


def _measurement_counters(case: Case) -> dict[str, Any]:
    return _counters(_result(case["before"]).after(case["measurement"]))


def _is_worse(case: Case) -> dict[str, Any]:
    return {"worse": analysis.is_worse(case["current"], case["new"])}


def _measurement(given: Case | None) -> analysis.Measurement | None:
    if given is None:
        return None
    finished = None if given.get("in_flight") else given.get("finished_s_ago")
    phase = given.get("phase") or "Running"
    return analysis.Measurement(phase, finished, given.get("resume_in_s"))


def _measurement_due(case: Case) -> dict[str, Any]:
    due = analysis.measurement_due(
        _metric(case["metric"]),
        _measurement(case.get("last_measurement")),
        case.get("run_started_s_ago"),
        case.get("result_count") or 0,
        bool(case.get("sibling_failed")),
    )
    return {"due": due}


def _next_check_in_s(case: Case) -> dict[str, Any]:
    waits = [_wait(m, case.get("run_started_s_ago")) for m in case["metrics"]]
    return {"next_in_s": min((w for w in waits if w is not None), default=None)}


def _wait(given: Case, started_s_ago: float | None) -> float | None:
    if given.get("completed"):
        return None
    last = _measurement(given.get("last"))
    count = given.get("result_count") or 0
    return analysis.next_check_in_s(_metric(given), last, started_s_ago, count)


def _metric_valid(case: Case) -> dict[str, Any]:
    return {"valid": _metric(case).valid}


def _canary_weight(case: Case) -> dict[str, Any]:
    steps = [_step(s) for s in case["steps"]]
    index = case.get("current_step_index") or 0
    return {"weight": argo_rollout.canary_weight(steps, index, bool(case.get("aborted")))}


def _step(given: Case) -> argo_rollout.Step:
    if given.get("set_weight") is not None:
        return argo_rollout.Step("set_weight", weight=given["set_weight"])
    if "pause_s" in given:
        return argo_rollout.Step("pause", pause_s=given["pause_s"])
    return argo_rollout.Step("analysis")


def _pause_step(case: Case) -> dict[str, Any]:
    if "reason" in case:
        manual = argo_rollout.requires_manual_action(case["reason"], case.get("duration_s"))
        return {"requires_manual_action": manual}
    paused, age = bool(case.get("controller_paused")), case.get("pause_condition_age_s")
    return {"completed": argo_rollout.pause_completed(case.get("duration_s"), paused, age)}


def _rollout_reaction(case: Case) -> dict[str, Any]:
    action = argo_rollout.reaction(case["analysis"], case["analysis_phase"])
    phase = {argo_rollout.PAUSE: "Paused", argo_rollout.ABORT: "Degraded"}.get(action)
    weight = 0 if action == argo_rollout.ABORT else None
    return {"action": action, "rollout_phase": phase, "canary_weight": weight}


def _kayenta_score_phase(case: Case) -> dict[str, Any]:
    phase = argo_rollout.kayenta_score_phase(case["score"], case["pass"], case["marginal"])
    return {"phase": phase}


KINDS: dict[str, Callable[[Case], dict[str, Any]]] = {
    "metric_status": _metric_status,
    "metric_sequence": _metric_sequence,
    "run_status": _run_status,
    "is_terminating": _is_terminating,
    "evaluate_condition": _evaluate_condition,
    "measurement_counters": _measurement_counters,
    "is_worse": _is_worse,
    "measurement_due": _measurement_due,
    "next_check_in_s": _next_check_in_s,
    "metric_valid": _metric_valid,
    "canary_weight": _canary_weight,
    "pause_step": _pause_step,
    "rollout_reaction": _rollout_reaction,
    "kayenta_score_phase": _kayenta_score_phase,
}
