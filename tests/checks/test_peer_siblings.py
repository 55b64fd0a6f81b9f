"""Cases beside those of the products' suites that we hold: small inputs, each with its rule."""

from typing import Any

import pytest

from simcert.checks import peer_case
from simcert.errors import InputError

NEW: dict[str, Any] = {"new_revision": True}
STEPS = {"threshold": 10, "step_weight": 10, "max_weight": 50}
FAR, NEAR = [20.0, 22.0, 21.0, 25.0, 30.0], [1.0, 2.2, 1.1, 2.5, 3.0]
ZERO, TEN = [0.0] * 5, [10.0] * 5
METRIC = {"tolerance": 0.1, "confidence_level": 0.95, "nan_strategy": "remove"}

DONE = [("Finalising", 0), ("Succeeded", 0)]
ROLLOUTS: list[tuple[dict[str, Any], list[dict[str, Any]], list[tuple[str, int]]]] = [
    (  # the limit is looked at before the step
        {"threshold": 10, "step_weight": 50, "max_weight": 100},
        [NEW, {}, {}, {}],
        [("Progressing", 0), ("Progressing", 50), ("Progressing", 100), ("Promoting", 100)],
    ),
    (  # a list that overflows ends at 100
        {"threshold": 10, "step_weights": [1, 2, 10, 200]},
        [NEW, {}, {}, {}, {}, {}],
        [*(("Progressing", w) for w in (0, 1, 2, 10, 100)), ("Promoting", 100)],
    ),
    (STEPS | {"skip_analysis": True}, [NEW, {}], [("Progressing", 0), ("Succeeded", 0)]),
    (STEPS, [NEW, {}, NEW], [("Progressing", 0), ("Progressing", 10), ("Progressing", 0)]),
    (  # blue and green: all traffic only after the last iteration
        {"iterations": 1},
        [NEW, {}, {}, {}, {}, {}],
        [("Progressing", 0), ("Progressing", 0), ("Progressing", 100), ("Promoting", 100), *DONE],
    ),
    (  # A/B: all matched traffic at once
        {"threshold": 10, "iterations": 10, "match": True},
        [NEW, {}, {"set_iterations_before": 10}, {}, {}],
        [("Progressing", 0), ("Progressing", 100), ("Promoting", 100), *DONE],
    ),
    (  # a closed gate waits, and the tick that opens it is the one that starts
        STEPS,
        [NEW | {"confirm_rollout": "closed"}, {"confirm_rollout": "closed"}, {}, {}],
        [("Waiting", 0), ("Waiting", 0), ("Progressing", 0), ("Progressing", 10)],
    ),
    (
        STEPS,
        [NEW, {"confirm_traffic_increase": "closed"}, {}],
        [("Progressing", w) for w in (0, 0, 10)],
    ),
    (STEPS, [NEW, {}, {"suspended": True}, {}], [("Progressing", w) for w in (0, 10, 10, 20)]),
    (
        STEPS,
        [NEW, {}, {"canary": "stuck"}],
        [("Progressing", 0), ("Progressing", 10), ("Failed", 0)],
    ),
    (
        STEPS,
        [NEW, {}, {"primary": "stuck"}],
        [("Progressing", 0), ("Progressing", 10), ("Failed", 0)],
    ),
    (  # a threshold of 0 reads as 1; the rollback comes a tick after the failure
        {"threshold": 0, "step_weight": 10},
        [NEW, {}, {"checks": "fail"}, {}],
        [("Progressing", 0), ("Progressing", 10), ("Progressing", 10), ("Failed", 0)],
    ),
    ({"threshold": 2}, [NEW, {}, {}], [("Progressing", 0)] * 3),
]

CLASSES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"experiment": FAR, "control": NEAR, "critical_increase": 1.2, "is_critical": True},
     {"classification": "High", "critical": True}),
    ({"experiment": FAR, "control": NEAR, "critical_increase": 13.0, "is_critical": True},
     {"classification": "High", "critical": False}),
    ({"experiment": NEAR, "control": FAR, "allowed_decrease": 0.8}, {"classification": "Low"}),
    ({"experiment": NEAR, "control": FAR, "direction": "increase"}, {"classification": "Pass"}),
    ({"experiment": TEN, "control": ZERO}, {"classification": "High", "deviation": None}),
    ({"experiment": ZERO, "control": TEN}, {"classification": "Low", "deviation": None}),
    ({"experiment": ZERO, "control": ZERO}, {"classification": "Pass", "deviation": 1.0}),
    ({"experiment": [1, 2, 3], "control": [3, 2, 1]}, {"classification": "Pass"}),
    ({"experiment": [1, 1, 1, 1, 10], "control": [1] * 5}, {"classification": "Pass"}),
    ({"experiment": [], "control": NEAR}, {"classification": "Nodata", "critical": False}),
    ({"experiment": [None], "control": NEAR}, {"classification": "Nodata"}),
    ({"experiment": [], "control": NEAR, "must_have_data": True},
     {"classification": "NodataFailMetric"}),
    ({"experiment": [], "control": NEAR, "nan_strategy": "replace"}, {"classification": "Pass"}),
    ({"experiment": [3.0], "control": [1.0]}, {"classification": "Error"}),
]  # fmt: skip

SCORES: list[tuple[dict[str, float], str, float]] = [
    ({}, "High@g", 0.0),
    ({}, "Pass@g High@g Low@g", 33.33),
    ({}, "Pass@a Pass@a Nodata@b", 100.0),
    ({"a": 50.0, "b": 50.0}, "Pass@a High@a High@b", 25.0),
    ({}, "Pass@g High@g!", 0.0),
    ({}, "Pass@g Nodata@g!", 0.0),
    ({}, "Pass@g Nodata@g", 0.0),  # half without data
    ({"a": 60.0}, "Pass@a High@b Pass@c", 80.0),
    ({}, "Error@g", 100.0),
]


@pytest.mark.parametrize(("analysis", "ticks", "wanted"), ROLLOUTS)
def test_flagger_goes_tick_by_tick(
    analysis: dict[str, Any], ticks: list[dict[str, Any]], wanted: list[tuple[str, int]]
) -> None:
    after = peer_case("flagger", "rollout_sequence", {"analysis": analysis, "ticks": ticks})

    assert [(one["phase"], one["canary_weight"]) for one in after["after_tick"]] == wanted


@pytest.mark.parametrize(("value", "passed"), [(98.0, False), (99.0, True), (99.5, False)])
def test_a_success_rate_with_a_query_is_asked_twice(value: float, passed: bool) -> None:
    metric = {"name": "request-success-rate", "threshold": 99.0, "query": True}
    case = {"stage": "builtin", "metrics": [metric], "values": {metric["name"]: value}}

    assert peer_case("flagger", "metric_check", case) == {"passed": passed}


@pytest.mark.parametrize(("case", "wanted"), CLASSES)
def test_kayenta_classifies(case: dict[str, Any], wanted: dict[str, Any]) -> None:
    found = peer_case("kayenta", "classify_mann_whitney", METRIC | case)

    assert {name: found[name] for name in wanted} == wanted


@pytest.mark.parametrize(("weights", "metrics", "wanted"), SCORES)
def test_kayenta_scores(weights: dict[str, float], metrics: str, wanted: float) -> None:
    parts = [(one.rstrip("!").split("@"), one.endswith("!")) for one in metrics.split()]
    judged = [{"classification": c, "groups": [g], "critical": bad} for (c, g), bad in parts]
    found = peer_case("kayenta", "score", {"group_weights": weights, "metrics": judged})

    assert found["summary_score"] == wanted


@pytest.mark.parametrize(
    ("given", "first"),
    [
        ({"begin_after_min": 4}, [4, 7]),
        ({"start_min": -5, "end_min": 20, "begin_after_min": 4}, [-5, -2]),
        ({"start_min": -60}, [-60, -57]),
        ({"lookback_min": 2}, [1, 3]),
    ],
)
def test_kayenta_judges_a_window(given: dict[str, float], first: list[float]) -> None:
    case = {"interval_min": 3, "judgements": 2, **given}

    assert peer_case("kayenta", "judgement_windows", case)["windows_min"][0] == first


def test_a_year_of_judgements_a_second_is_refused() -> None:
    with pytest.raises(InputError, match="at most 10000 judgements"):
        peer_case("kayenta", "judgement_windows", {"interval_min": 1, "judgements": 31_536_000})


@pytest.mark.parametrize(
    ("reason", "duration_s", "manual"),
    [
        ("CanaryPauseStep", 30, False),
        ("CanaryPauseStep", None, True),
        ("BlueGreenPause", None, True),
        ("BlueGreenPause", 30, False),
        ("InconclusiveExperiment", 30, True),
    ],
)
def test_argo_asks_a_human(reason: str, duration_s: int | None, manual: bool) -> None:
    found = peer_case("argo", "pause_step", {"reason": reason, "duration_s": duration_s})

    assert found == {"requires_manual_action": manual}
