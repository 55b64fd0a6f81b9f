"""Kayenta's cases: JSON values to its rules and back."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from scipy.special import ndtri

from simcert.errors import UnknownNameError
from simcert.policy._peers import kayenta_judge as judge
from simcert.policy._peers import kayenta_stats as stats

Case = Mapping[str, Any]
_MAX_JUDGEMENTS = 10_000  # one a minute for a week
_NAMES = {
    "tolerance": "tolerance",
    "confidence_level": "confidence",
    "direction": "direction",
    "effect_size_measure": "effect_size",
    "allowed_increase": "allowed_increase",
    "allowed_decrease": "allowed_decrease",
    "critical_increase": "critical_increase",
    "critical_decrease": "critical_decrease",
    "nan_strategy": "nan_strategy",
    "is_critical": "critical",
    "must_have_data": "must_have_data",
}


def _array(values: Sequence[float | None]) -> stats.Floats:
    return np.array([math.nan if v is None else v for v in values], float)


def _json(value: float) -> float | None:
    return None if math.isnan(value) else value


def _pair(
    case: Case, first: str = "experiment", second: str = "control"
) -> tuple[stats.Floats, stats.Floats]:
    """Return both arrays: the case's own, or those of the case that it refers to."""
    other = case.get("same_arrays_as")
    if other is None:
        return _array(case[first]), _array(case[second])
    known = _known_arrays()
    if other not in known:
        raise UnknownNameError("case with arrays", str(other), known)
    return _array(case.get(first) or known[other][0]), _array(case.get(second) or known[other][1])


@cache
def _known_arrays() -> dict[str, tuple[list[float], list[float]]]:
    """Return the arrays of the suite's long cases by id: a case alone cannot bring them along."""
    text = (files("simcert.checks") / "kayenta_arrays.json").read_text("utf-8")
    return {name: (first, second) for name, (first, second) in json.loads(text).items()}


def _classify_mann_whitney(case: Case) -> dict[str, Any]:
    given = {ours: case[theirs] for theirs, ours in _NAMES.items() if case.get(theirs) is not None}
    config = judge.MetricConfig(**given)
    x, y = (stats.without_nan(a, config.nan_strategy) for a in _pair(case))
    found = judge.classify(x, y, config)
    low, high, estimate = found.interval or (math.nan,) * 3
    return {
        "classification": found.classification,
        "critical": found.critical,
        "deviation": _json(found.deviation),
        "interval_low": _json(low),
        "interval_high": _json(high),
        "estimate": _json(estimate),
        "reason_present": bool(found.reason),
    }


def _classify_mean_inequality(case: Case) -> dict[str, Any]:
    x, y = _pair(case)
    return {"classification": judge.classify_means(x, y, case.get("direction") or "either")}


def _mann_whitney_interval(case: Case) -> dict[str, Any]:
    x, y = _pair(case)
    confidence = case["confidence_level"]
    low, high, estimate = stats.interval(x, y, confidence)
    ends = stats.shift_range(x, y)
    quantile = float(ndtri(1.0 - (1.0 - confidence) / 2.0))
    at = [stats.shift_z(x, y, mu) for mu in ends]
    return {
        "low": low, "high": high, "estimate": estimate, "mu_min": ends[0], "mu_max": ends[1],
        "z_at_mu_min_for_low": at[0] - quantile, "z_at_mu_max_for_low": at[1] - quantile,
        "z_at_mu_min_for_high": at[0] + quantile, "z_at_mu_max_for_high": at[1] + quantile,
    }  # fmt: skip


def _wilcoxon_z(case: Case) -> dict[str, Any]:
    x, y = _pair(case, "x", "y")
    return {"value": stats.shift_z(x, y, case.get("mu") or 0.0) - (case.get("z_quantile") or 0.0)}


def _normal_quantile(case: Case) -> dict[str, Any]:
    return {"value": float(ndtri(case["p"]))}


def _outliers_iqr(case: Case) -> dict[str, Any]:
    factor, milder = case.get("factor", 3.0), bool(case.get("reduce_sensitivity"))
    return {"is_outlier": stats.outliers_iqr(_array(case["data"]), factor, milder).tolist()}


def _outliers_ksigma(case: Case) -> dict[str, Any]:
    found = stats.outliers_ksigma(_array(case["data"]), case.get("k", 3.0))
    return {"is_outlier": found.tolist()}


def _nan_handling(case: Case) -> dict[str, Any]:
    return {"data": stats.without_nan(_array(case["data"]), case["strategy"]).tolist()}


def _summary_stats(case: Case) -> dict[str, Any]:
    return dict(stats.summary(_array(case["data"])))


def _percentile_r7(case: Case) -> dict[str, Any]:
    return {"value": stats.percentile(case["data"], case["p"])}


def _effect(measure: Callable[[stats.Floats, stats.Floats], float]) -> Callable[[Case], Any]:
    def effect(case: Case) -> dict[str, Any]:
        return {"value": _json(measure(*_pair(case)))}

    return effect


def _score(case: Case) -> dict[str, Any]:
    metrics = [
        judge.Judged(
            m["classification"],
            tuple(m.get("groups") or ()),
            bool(m.get("critical")),
            bool(m.get("muted")),
        )
        for m in case["metrics"]
    ]
    summary, groups = judge.score(metrics, case.get("group_weights") or {})
    return {"summary_score": summary, "group_scores": groups}


def _score_class(case: Case) -> dict[str, Any]:
    limits = case["pass_threshold"], case["marginal_threshold"]
    return {"classification": judge.score_class(case["score"], *limits)}


def _interval_judgement(case: Case) -> dict[str, Any]:
    stopped = judge.stops(case["score"], case.get("marginal_threshold"))
    return {"action": "stop_failed" if stopped else "continue"}


def _final_judgement(case: Case) -> dict[str, Any]:
    limits = case.get("marginal_threshold"), case.get("pass_threshold")
    return {"did_pass": judge.did_pass(case["final_score"], *limits)}


def _judgement_windows(case: Case) -> dict[str, Any]:
    if case["judgements"] > _MAX_JUDGEMENTS:
        raise ValueError(f"at most {_MAX_JUDGEMENTS} judgements")
    windows = judge.judgement_windows(
        case["interval_min"],
        case["judgements"],
        case.get("begin_after_min") or 0,
        case.get("lookback_min") or 0,
        case.get("start_min"),
        case.get("end_min"),
    )
    return {"windows_min": [[start, end] for start, end in windows]}


KINDS: dict[str, Callable[[Case], dict[str, Any]]] = {
    "classify_mann_whitney": _classify_mann_whitney,
    "classify_mean_inequality": _classify_mean_inequality,
    "mann_whitney_interval": _mann_whitney_interval,
    "wilcoxon_z": _wilcoxon_z,
    "normal_quantile": _normal_quantile,
    "outliers_iqr": _outliers_iqr,
    "outliers_ksigma": _outliers_ksigma,
    "nan_handling": _nan_handling,
    "summary_stats": _summary_stats,
    "percentile_r7": _percentile_r7,
    "effect_mean_ratio": _effect(stats.mean_ratio),
    "effect_cles": _effect(stats.cles),
    "effect_cohen_d": _effect(stats.cohen_d),
    "score": _score,
    "score_class": _score_class,
    "interval_judgement": _interval_judgement,
    "final_judgement": _final_judgement,
    "judgement_windows": _judgement_windows,
}
