"""Iter8's cases: JSON values to its rules and back."""

from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from simcert.policy._peers import iter8 as rules

Case = Mapping[str, Any]


def _version_assessment(case: Case) -> dict[str, Any]:
    found = {
        version: [_holds(objective, case["values"], version) for objective in case["objectives"]]
        for version in case["versions"]
    }
    return {"assessments": found}


def _holds(objective: Case, values: Case, version: str) -> bool:
    value = (values.get(objective["metric"]) or {}).get(version)
    return rules.holds(value, objective.get("lower_limit"), objective.get("upper_limit"))


def _winner(case: Case) -> dict[str, Any]:
    name = rules.winner(case["assessments"])
    best = [] if name is None else [name]
    return {"winner_found": name is not None, "winner": name, "best_versions": best}


def _weights(case: Case) -> dict[str, Any]:
    names, best = case["versions"], case.get("best_versions") or []
    if not names or (unknown := {*best} - {*names}):
        raise ValueError(
            f"best versions {sorted(unknown)} are none of {names}" if names else "no version"
        )
    old = case.get("current_weights") or [100.0] + [0.0] * (len(names) - 1)
    if len(old) != len(names):
        raise ValueError(f"{len(old)} weights of {len(names)} versions")
    found = rules.shares(
        [_share(weight, 0.0) for weight in old],
        [name in best for name in names],
        _share(case.get("exploration_pct"), 0.1),
        _share(case.get("max_candidate_weight_increment"), inf),
        _share(case.get("max_candidate_weight"), inf),
    )
    return {"weights": [round(100.0 * share, 9) for share in found]}


def _share(percent: float | None, unset: float) -> float:
    if percent is None:
        return unset
    if not 0.0 <= percent <= 100.0:
        raise ValueError(f"{percent} is no percentage")
    return percent / 100.0


KINDS: dict[str, Callable[[Case], dict[str, Any]]] = {
    "version_assessment": _version_assessment,
    "winner": _winner,
    "weights": _weights,
}
