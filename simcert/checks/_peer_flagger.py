"""Flagger's cases: JSON values to its rules and back."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from simcert.policy._peers import flagger as rules
from simcert.policy._peers import flagger_checks as checks

Case = Mapping[str, Any]


def _rollout_sequence(case: Case) -> dict[str, Any]:
    analysis = _analysis(case.get("analysis"))
    state = _start(case.get("start") or {})
    after: list[dict[str, Any]] = []
    for tick in case["ticks"]:
        state = rules.tick(analysis, _prepared(state, tick), _facts(tick))
        after.append(_seen(state))
    return {"after_tick": after}


def _analysis(given: Case | None) -> rules.Analysis:
    given = given or {}
    fields = {k: given[k] for k in rules.Analysis.__slots__ if given.get(k) is not None}
    fields["step_weights"] = tuple(fields.get("step_weights", ()))
    fields["match"] = bool(fields.get("match", False))
    return rules.Analysis(**fields)


def _start(given: Case) -> rules.State:
    fields = {k: given[k] for k in rules.State.__slots__ if given.get(k) is not None}
    weight = fields.get("canary_weight", 0)
    return rules.State(**{"status_weight": weight, "primary_weight": 100 - weight, **fields})


def _prepared(state: rules.State, tick: Case) -> rules.State:
    """Return the state as a test sets it by hand before the tick."""
    weight, iterations = (tick.get(f"set_{k}_before") for k in ("canary_weight", "iterations"))
    if weight is not None:
        state = replace(state.routed(weight), status_weight=weight)
    return state if iterations is None else replace(state, iterations=iterations)


def _facts(tick: Case) -> rules.Facts:
    gates = ("confirm_rollout", "confirm_traffic_increase", "confirm_promotion")
    return rules.Facts(
        new_revision=bool(tick.get("new_revision", False)),
        checks_pass=(tick.get("checks") or "pass") == "pass",
        pre_rollout=tick.get("pre_rollout") in (None, "pass", "open", True),
        rollback_hook=tick.get("rollback_hook") in ("fires", "open", True),
        canary=tick.get("canary") or "ready",
        primary=tick.get("primary") or "ready",
        suspended=bool(tick.get("suspended", False)),
        **{gate: tick.get(gate) in (None, "open", "pass", True) for gate in gates},
    )


def _seen(state: rules.State) -> dict[str, Any]:
    return {k: getattr(state, k) for k in rules.State.__slots__ if k != "pending"}


def _metric_check(case: Case) -> dict[str, Any]:
    metrics = [_metric(m) for m in case["metrics"]]
    return {"passed": checks.passes(case.get("stage", "builtin"), metrics, case["values"])}


def _metric(given: Case) -> checks.Metric:
    limits = given.get("range")
    return checks.Metric(
        name=given.get("name") or "",
        minimum=(limits or {}).get("min"),
        maximum=(limits or {}).get("max"),
        ranged=limits is not None,
        threshold=given.get("threshold") or 0.0,
        template=bool(given.get("template")),
        query=bool(given.get("query")),
    )


def _query_value(case: Case) -> dict[str, Any]:
    try:
        value = checks.query_value(case.get("result_type") or "vector", case.get("samples") or [])
    except checks.ManyValuesError:
        return {"error": "multiple_values"}
    return {"error": "no_values"} if value is None else {"value": value}


def _workload_ready(case: Case) -> dict[str, Any]:
    fields = {k: case[k] for k in checks.Workload.__slots__ if case.get(k) is not None}
    fields |= {"unavailable_s": case.get("min_replicas_unavailable_for_s")}
    stuck = ("progress_deadline_exceeded", "deadline_exceeded")
    named = "ProgressDeadlineExceeded" in case.values()  # the reason, in the product's own word
    fields["deadline_exceeded"] = named or any(case.get(name) for name in stuck)
    ready, retriable = checks.workload_ready(checks.Workload(**fields))
    return {"ready": ready, "retriable": retriable}


def _strategy(case: Case) -> dict[str, Any]:
    return {"strategy": _analysis(case.get("analysis")).strategy}


def _interval_s(case: Case) -> dict[str, Any]:
    return {"seconds": checks.interval_s(case.get("interval"))}


def _builtin_definition(case: Case) -> dict[str, Any]:
    return {"definition": checks.BUILTIN.get(case["metric"])}


KINDS: dict[str, Callable[[Case], dict[str, Any]]] = {
    "rollout_sequence": _rollout_sequence,
    "metric_check": _metric_check,
    "query_value": _query_value,
    "workload_ready": _workload_ready,
    "strategy": _strategy,
    "interval_s": _interval_s,
    "builtin_definition": _builtin_definition,
}
