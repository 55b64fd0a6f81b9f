"""Where the rivals' rules have an edge: values read in their sources, or made with R."""

import math
from typing import Any

import pytest

from simcert.checks import peer_case
from simcert.errors import InputError

NEW: dict[str, Any] = {"new_revision": True}
SHUT: dict[str, Any] = {"confirm_promotion": "closed"}
HALF = {"threshold": 5, "step_weight": 50, "max_weight": 50}
PAIRS = {"threshold": 5, "iterations": 2, "match": True}


def flown(analysis: dict[str, Any], *ticks: dict[str, Any], **start: Any) -> list[dict[str, Any]]:
    case = {"analysis": analysis, "start": start, "ticks": ticks}
    return list(peer_case("flagger", "rollout_sequence", case)["after_tick"])


def test_a_revision_that_failed_is_not_tried_again() -> None:
    after = flown(HALF, NEW | {"primary": "stuck"}, {}, {}, NEW)

    assert [one["phase"] for one in after] == ["Failed", "Failed", "Failed", "Progressing"]


def test_a_revision_that_came_during_promotion_is_taken_up_after_it() -> None:
    after = flown(HALF, NEW, {}, {}, NEW, {}, {})

    phases = ["Progressing", "Progressing", "Promoting", "Finalising", "Succeeded", "Progressing"]
    assert [one["phase"] for one in after] == phases


def test_waiting_for_promotion_reports_no_weight_but_serves_it() -> None:
    after = flown(HALF, NEW, {}, SHUT, SHUT, {})

    assert [one["phase"] for one in after[2:]] == [*["WaitingPromotion"] * 2, "Promoting"]
    assert {one["canary_weight"] for one in after[2:]} == {50}
    assert {one["status_weight"] for one in after[2:4]} == {0}


def test_a_closed_gate_runs_the_last_iteration_again() -> None:
    after = flown(PAIRS, NEW, {}, {}, SHUT, SHUT, {}, {})

    assert [one["iterations"] for one in after[2:5]] == [2, 1, 2]
    assert [one["phase"] for one in after[-2:]] == ["Promoting", "Finalising"]


def test_iterations_past_the_last_promote_nothing_in_an_ab_test() -> None:
    after = flown(PAIRS, {}, {}, phase="Progressing", iterations=3, canary_weight=100)

    assert [one["phase"] for one in after] == ["Progressing", "Progressing"]


def test_promotion_by_steps_waits_for_ever_without_traffic() -> None:
    stepped = HALF | {"step_weight_promotion": 20}

    assert [one["phase"] for one in flown(stepped, {}, {}, phase="Promoting")] == ["Promoting"] * 2


@pytest.mark.parametrize(
    ("result_type", "samples", "wanted"),
    [
        ("matrix", [[None, None], [1.0, 2.0]], {"error": "multiple_values"}),
        ("matrix", [], {"error": "no_values"}),
        ("vector", [1.0, None], {"error": "no_values"}),
        ("vector", [None, 1.0], {"value": 1.0}),
    ],
)
def test_flagger_reads_one_value(result_type: str, samples: list[Any], wanted: Any) -> None:
    case = {"result_type": result_type, "samples": samples}

    assert peer_case("flagger", "query_value", case) == wanted


@pytest.mark.parametrize(
    ("counters", "wanted"),
    [
        ({"updated": 300, "available": 62, "ready_threshold_pct": 21}, (True, True)),
        ({"updated": 300, "available": 61, "ready_threshold_pct": 21}, (False, True)),
        ({"updated": 1, "replicas": 2}, (False, True)),
        ({"progressing_reason": "ProgressDeadlineExceeded"}, (False, False)),
    ],
)
def test_flagger_asks_the_workload(counters: dict[str, Any], wanted: tuple[bool, bool]) -> None:
    found = peer_case("flagger", "workload_ready", {"deadline_s": 0, **counters})

    assert (found["ready"], found["retriable"]) == wanted


@pytest.mark.parametrize(
    ("paused", "age_s", "completed"),
    [(False, 31.0, True), (False, 29.0, False), (False, None, False), (True, None, True)],
)
def test_argo_ends_a_pause_by_its_time_or_by_hand(
    paused: bool, age_s: float | None, completed: bool
) -> None:
    case = {"duration_s": 30, "controller_paused": paused, "pause_condition_age_s": age_s}

    assert peer_case("argo", "pause_step", case) == {"completed": completed}


R_SAYS: list[tuple[list[float], list[float], float, tuple[float, float, float]]] = [
    ([3, 5, 4.5], [1, 2, 2.5], 0.95, (0.5, 4, 2.25)),
    ([1, 2, 2, 3, 3, 3, 4], [2, 2, 3, 1, 1], 0.9,
     (-3.75244499994901e-05, 1.99992936224968, 0.999961682496064)),
    ([0, 0, 1, 0, 2, 0, 0, 3], [0, 0, 0, 1, 0, 0], 0.98,
     (-4.69692682693076e-05, 2.00000644079594, 9.95270837906774e-05)),
    ([7], [1, 2, 3, 4, 5, 6], 0.95, (1, 6, 3.5)),
    ([5, 5, 5, 5], [1, 1, 1, 2], 0.9, (3, 4, 4)),
    ([99.1, 99.4, 98.7, 99.9, 99.3, 99.5, 99.0, 99.2, 99.6, 98.9, 99.8, 99.7],
     [99.4, 99.5, 99.9, 99.8, 99.6, 99.7], 0.98,
     (-0.799976978921365, 0.100020723313839, -0.300053369613516)),
    ([i**1.5 for i in range(1, 31)], [i**1.4 for i in range(1, 41)], 0.95,
     (-31.7659598228209, 18.4674827518196, -5.73285340432998)),
    ([0.0100, 0.0102, 0.0104, 0.0101], [0.0099, 0.0103, 0.0098, 0.0097], 0.95,
     (-0.0003, 0.0007, 0.0002625)),
]  # fmt: skip


@pytest.mark.parametrize(("x", "y", "confidence", "wanted"), R_SAYS)
def test_the_interval_of_kayenta_is_that_of_r(
    x: list[float], y: list[float], confidence: float, wanted: tuple[float, float, float]
) -> None:
    case = {"experiment": x, "control": y, "confidence_level": confidence}
    found = peer_case("kayenta", "mann_whitney_interval", case)

    assert (found["low"], found["high"], found["estimate"]) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize(
    ("weight", "wanted"), [(33.335, 33.34), (1.005, 1.01), (2.675, 2.68), (0.0049, 0.0)]
)
def test_a_score_is_rounded_as_it_is_written(weight: float, wanted: float) -> None:
    metrics = [{"classification": c, "groups": [g]} for c, g in (("Pass", "a"), ("High", "b"))]
    case = {"group_weights": {"a": weight, "b": 100.0 - weight}, "metrics": metrics}

    assert peer_case("kayenta", "score", case)["summary_score"] == wanted


def test_values_that_are_the_same_pass_with_a_reason() -> None:
    case = {"experiment": [1.0, 2.0], "control": [2.0, 1.0]}
    found = peer_case("kayenta", "classify_mann_whitney", case)

    assert (found["classification"], found["reason_present"]) == ("Pass", True)


def test_a_case_may_take_the_arrays_of_another() -> None:
    other = {"same_arrays_as": "kayenta-048", "mu": 0, "z_quantile": 0}
    shifted = other | {"mu": 1.0, "z_quantile": 1.0}

    assert peer_case("kayenta", "wilcoxon_z", other)["value"] == pytest.approx(-1.229416, abs=1e-6)
    assert peer_case("kayenta", "wilcoxon_z", shifted)["value"] < -30.0  # 850 below all others


@pytest.mark.parametrize("other", ["kayenta-001", ["kayenta-048"], 48])
def test_arrays_of_a_case_that_is_not_here_are_refused(other: Any) -> None:
    with pytest.raises(InputError, match="kayenta case wilcoxon_z: "):
        peer_case("kayenta", "wilcoxon_z", {"same_arrays_as": other, "mu": 0})


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("x", "y", "wanted"),
    [
        ([], [1.0], (None, None, None)),
        ([1.0], [], (None, None, None)),
        ([1.0], [2.0], (None, 0.0, 0.5)),
        ([2.0, 2.0], [1.0, 1.0], (math.inf, 1.0, 2.0)),
        ([1.0, 1.0], [1.0, 1.0], (None, 0.5, 1.0)),
        ([3.0], [1.0, 2.0], (1.5 / math.sqrt(0.5), 1.0, 2.0)),
    ],
)
def test_an_effect_without_data_or_spread_is_what_doubles_make_of_it(
    x: list[float], y: list[float], wanted: tuple[float | None, ...]
) -> None:
    kinds = ("effect_cohen_d", "effect_cles", "effect_mean_ratio")
    found = [peer_case("kayenta", k, {"experiment": x, "control": y})["value"] for k in kinds]

    assert found == [w if w is None else pytest.approx(w) for w in wanted]
