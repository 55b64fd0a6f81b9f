"""Cases of the peers without a file of cases: Iter8's own tests and AWS's user guides."""

from typing import Any

import pytest

from simcert.checks import peer_case
from simcert.errors import InputError, UnknownNameError
from simcert.policy import discover
from simcert.policy.iter8 import Iter8

BOTH = ["default", "canary"]
LATENCY = {"mean-latency": {"default": 400.0, "canary": 450.0}}


def weights(best: list[str], **more: Any) -> list[float]:
    case = {"versions": BOTH, "best_versions": best} | more
    return list(peer_case("iter8", "weights", case)["weights"])


# tests/unit/v2/experiment_test.py: test_v2_canary_*, test_v2_va_*
@pytest.mark.parametrize(
    ("limits", "values", "wanted"),
    [
        ({"upper_limit": 500}, LATENCY, {"default": [True], "canary": [True]}),
        ({"upper_limit": 420}, LATENCY, {"default": [True], "canary": [False]}),
        ({"lower_limit": 500}, LATENCY, {"default": [False], "canary": [False]}),
        ({"upper_limit": 450}, LATENCY, {"default": [True], "canary": [True]}),  # limits included
        ({"lower_limit": 400}, LATENCY, {"default": [True], "canary": [True]}),
        ({}, LATENCY, {"default": [True], "canary": [True]}),
        ({"upper_limit": 500}, {}, {"default": [False], "canary": [False]}),
        (
            {"upper_limit": 500},
            {"mean-latency": {"default": None}},
            {"default": [False], "canary": [False]},
        ),
    ],
)
def test_iter8_puts_a_value_against_its_limits(limits: Any, values: Any, wanted: Any) -> None:
    case = {"versions": BOTH, "objectives": [{"metric": "mean-latency"} | limits], "values": values}

    assert peer_case("iter8", "version_assessment", case) == {"assessments": wanted}


# test_v2_canary_is_winner, test_v2_default_is_winner, test_v2_no_winner, ..._conformance_winner
@pytest.mark.parametrize(
    ("assessments", "winner"),
    [
        ({"default": [True], "canary": [True]}, "canary"),
        ({"default": [True], "canary": [False]}, "default"),
        ({"default": [False], "canary": [False]}, None),
        ({"default": [False], "canary": [True]}, "canary"),
        ({"default": [True, True], "canary": [True, False]}, "default"),
        ({"default": [True]}, "default"),
        ({"default": [False]}, None),
        ({"default": [], "canary": []}, "canary"),  # no objective is no obstacle
    ],
)
def test_iter8_names_a_winner(assessments: Any, winner: str | None) -> None:
    found = peer_case("iter8", "winner", {"assessments": assessments})

    assert (found["winner_found"], found["winner"]) == (winner is not None, winner)


# test_v2_weights_with_winner, ..._with_no_winner, test_v2_inc_old_weights_*, test_v2_set_weights_*
@pytest.mark.parametrize(
    ("best", "more", "wanted"),
    [
        (["canary"], {}, [5, 95]),
        ([], {}, [95, 5]),
        (["default"], {}, [95, 5]),
        (["canary"], {"current_weights": [70, 30]}, [5, 95]),
        ([], {"current_weights": [50, 50]}, [95, 5]),
        (
            ["canary"],
            {
                "current_weights": [50, 50],
                "max_candidate_weight": 53,
                "max_candidate_weight_increment": 2,
            },
            [48, 52],
        ),
        (["canary"], {"max_candidate_weight_increment": 5}, [95, 5]),
        (["canary"], {"current_weights": [10, 90], "max_candidate_weight_increment": 9}, [5, 95]),
        (["canary"], {"current_weights": [95, 5], "max_candidate_weight": 4}, [96, 4]),
        ([], {"current_weights": [5, 95], "max_candidate_weight_increment": 1}, [95, 5]),
        (["canary"], {"exploration_pct": 0}, [0, 100]),
    ],
)
def test_iter8_moves_weights(best: list[str], more: Any, wanted: list[float]) -> None:
    assert weights(best, **more) == pytest.approx(wanted)


def test_iter8_shares_among_many() -> None:
    case = {
        "versions": ["a", "b", "c"],
        "best_versions": ["b", "c"],
        "current_weights": [20, 40, 40],
        "max_candidate_weight_increment": 5,
    }

    assert peer_case("iter8", "weights", case)["weights"] == pytest.approx([10, 45, 45])


@pytest.mark.parametrize("feasible", [True, False])
@pytest.mark.parametrize("exposure", [0.0, 0.05, 0.37, 0.95])
def test_the_policy_flies_the_rule_that_the_cases_ask(exposure: float, feasible: bool) -> None:
    best = ["canary"] if feasible else []
    now = {"current_weights": [100 - 100 * exposure, 100 * exposure]}
    wanted = weights(best, max_candidate_weight_increment=5, max_candidate_weight=100, **now)[1]

    assert Iter8()._weight(exposure, feasible) == pytest.approx(wanted / 100)


def flown(peer: str, *ticks: float | tuple[float, str], **case: Any) -> list[tuple[float, str]]:
    asked = [
        {"at_min": t[0], "alarm": t[1]} if isinstance(t, tuple) else {"at_min": t} for t in ticks
    ]
    found = peer_case(peer, "rollout_sequence", {"ticks": asked} | case)["after_tick"]
    return [(one["percent"], one["status"]) for one in found]


CODEDEPLOY = {
    **{f"Lambda{kind}": every for kind, every in {
        "Canary10Percent5Minutes": 5, "Canary10Percent10Minutes": 10,
        "Canary10Percent15Minutes": 15, "Canary10Percent30Minutes": 30,
        "Linear10PercentEvery1Minute": 1, "Linear10PercentEvery2Minutes": 2,
        "Linear10PercentEvery3Minutes": 3, "Linear10PercentEvery10Minutes": 10,
    }.items()},
    **{f"ECS{kind}": every for kind, every in {
        "Linear10PercentEvery1Minutes": 1, "Linear10PercentEvery3Minutes": 3,
        "Canary10Percent5Minutes": 5, "Canary10Percent15Minutes": 15,
    }.items()},
}  # fmt: skip


@pytest.mark.parametrize(("name", "every_min"), CODEDEPLOY.items(), ids=CODEDEPLOY)
def test_every_predefined_configuration_of_codedeploy_is_here(name: str, every_min: int) -> None:
    """A tenth at once; the next step, of a tenth or of all the rest, at the end of an interval."""
    ticks = (0, every_min - 0.01, every_min, 9 * every_min)
    found = flown("codedeploy", *ticks, schedule=f"CodeDeployDefault.{name}")

    second = (20.0, "InProgress") if "Linear" in name else (100.0, "Succeeded")
    assert found == [(10.0, "InProgress")] * 2 + [second, (100.0, "Succeeded")]


@pytest.mark.parametrize("platform", ["", "Lambda", "ECS"])
def test_all_at_once_is_all_at_once(platform: str) -> None:
    name = f"CodeDeployDefault.{platform}AllAtOnce"

    assert flown("codedeploy", 0, schedule=name) == [(100.0, "Succeeded")]


APPCONFIG: list[tuple[str, list[tuple[float, float, str]]]] = [
    ("AppConfig.Linear20PercentEvery6Minutes",
     [(0, 0, "DEPLOYING"), (5.9, 0, "DEPLOYING"), (6, 20, "DEPLOYING"), (24, 80, "DEPLOYING"),
      (30, 100, "BAKING"), (59.9, 100, "BAKING"), (60, 100, "COMPLETE")]),
    ("AppConfig.Canary10Percent20Minutes",
     [(0, 0, "DEPLOYING"), (4, 10, "DEPLOYING"), (8, 20, "DEPLOYING"), (12, 40, "DEPLOYING"),
      (16, 80, "DEPLOYING"), (20, 100, "BAKING"), (30, 100, "COMPLETE")]),
    ("AppConfig.AllAtOnce", [(0, 100, "BAKING"), (9.9, 100, "BAKING"), (10, 100, "COMPLETE")]),
    ("AppConfig.Linear50PercentEvery30Seconds",
     [(0, 0, "DEPLOYING"), (0.5, 50, "DEPLOYING"), (1, 100, "BAKING"), (2, 100, "COMPLETE")]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "wanted"), APPCONFIG, ids=[name for name, _ in APPCONFIG])
def test_every_predefined_strategy_of_appconfig_is_here(name: str, wanted: Any) -> None:
    found = flown("appconfig", *(at for at, _, _ in wanted), schedule=name)

    assert found == [(percent, status) for _, percent, status in wanted]


def test_a_strategy_of_ones_own_is_the_predefined_one_by_its_numbers() -> None:
    own = {"growth_factor": 20, "deployment_min": 30, "final_bake_min": 30}
    ticks = (0, 6, 7, 18, 30, 60)
    named = flown("appconfig", *ticks, schedule="AppConfig.Linear20PercentEvery6Minutes")

    assert flown("appconfig", *ticks, growth_type="LINEAR", **own) == named
    # the guide's example: 2, 4, 8 ... 64, 100 %
    grown = flown(
        "appconfig", 10, 20, 60, 70, growth_type="EXPONENTIAL", growth_factor=2, deployment_min=70
    )
    assert [percent for percent, _ in grown] == [2, 4, 64, 100]


@pytest.mark.parametrize(
    ("case", "wanted"),
    [
        ({"type": "TimeBasedLinear", "percentage": 30, "interval_min": 5}, [30, 60, 90, 100]),
        ({"type": "TimeBasedCanary", "percentage": 25, "interval_min": 10}, [25, 25, 100, 100]),
        ({"type": "AllAtOnce"}, [100, 100, 100, 100]),
    ],
)
def test_a_configuration_of_ones_own_shifts_at_the_start(case: Any, wanted: list[float]) -> None:
    found = flown("codedeploy", 0, 5, 10, 15, **case)

    assert [percent for percent, _ in found] == wanted


@pytest.mark.parametrize(
    ("peer", "schedule", "stopped"),
    [
        ("codedeploy", "CodeDeployDefault.LambdaLinear10PercentEvery1Minute", "Stopped"),
        ("appconfig", "AppConfig.Linear20PercentEvery6Minutes", "ROLLED_BACK"),
    ],
)
def test_an_alarm_takes_everything_back_for_good(peer: str, schedule: str, stopped: str) -> None:
    ticks = ((0, "OK"), (2, "INSUFFICIENT_DATA"), (7, "ALARM"), (8, "OK"), 90)
    found = flown(peer, *ticks, schedule=schedule)

    assert [status for _, status in found][2:] == [stopped] * 3
    assert [percent for percent, _ in found][2:] == [0.0] * 3


def test_appconfig_watches_while_it_bakes_and_codedeploy_is_done() -> None:
    late = (35, "ALARM")
    appconfig = flown("appconfig", late, schedule="AppConfig.Linear20PercentEvery6Minutes")
    codedeploy = flown(
        "codedeploy", late, schedule="CodeDeployDefault.ECSLinear10PercentEvery3Minutes"
    )

    assert (appconfig, codedeploy) == ([(0.0, "ROLLED_BACK")], [(100.0, "Succeeded")])


@pytest.mark.parametrize(
    "name",
    ["CodeDeployDefault.ECSLinear10PercentEvery2Minutes", "AppConfig.Canary10Percent5Minutes"],
)
def test_a_schedule_that_aws_does_not_have_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="did you mean"):
        flown("codedeploy", 0, schedule=name)
    for stem in ("fixed_linear", "fixed_canary", "fixed_exponential", "all_at_once"):
        with pytest.raises(UnknownNameError):
            discover()[stem](schedule=name)


OWN = {
    "codedeploy": ["CodeDeployDefault.AllAtOnce", "ECSAllAtOnce", "Canary10Percent5Minutes"],
    "appconfig": ["AppConfig.AllAtOnce", "Linear50PercentEvery30Seconds"],
}


@pytest.mark.parametrize(
    ("peer", "other"), [("codedeploy", "appconfig"), ("appconfig", "codedeploy")]
)
def test_a_product_flies_its_own_schedules_only(peer: str, other: str) -> None:
    for name in OWN[peer]:
        assert flown(peer, 0, schedule=name)
        with pytest.raises(InputError, match=f'unknown schedule "{name}"'):
            flown(other, 0, schedule=name)


def test_a_short_name_means_the_schedule_of_that_product() -> None:
    """AppConfig watches alarms for ten minutes after the last step, CodeDeploy is done."""
    assert flown("codedeploy", 9.9, schedule="AllAtOnce") == [(100.0, "Succeeded")]
    assert flown("appconfig", 9.9, schedule="AllAtOnce") == [(100.0, "BAKING")]


@pytest.mark.parametrize(
    ("peer", "kind", "case", "said"),
    [
        ("flagger", "rollout_sequence", None, "its input is a table, not None"),
        ("codedeploy", "rollout_sequence", [1], "its input is a table, not"),
        (
            "appconfig",
            "rollout_sequence",
            {"ticks": [{"at_min": float("nan")}]},
            "at_min nan does not",
        ),
        (
            "codedeploy",
            "rollout_sequence",
            {"ticks": [{"at_min": 2}, {"at_min": 1}]},
            "does not follow 2",
        ),
        (
            "codedeploy",
            "rollout_sequence",
            {"ticks": [{"at_min": 1, "alarm": "alarm"}]},
            'mean "ALARM"',
        ),
        ("iter8", "weights", {"versions": BOTH, "best_versions": ["c"]}, r"\['c'\] are none of"),
        ("iter8", "weights", {"versions": BOTH, "exploration_pct": 400}, "400 is no percentage"),
        (
            "iter8",
            "weights",
            {"versions": BOTH, "current_weights": [100]},
            "1 weights of 2 versions",
        ),
        ("iter8", "weights", {"versions": []}, "no version"),
    ],
)
def test_what_is_no_case_is_refused_in_words(peer: str, kind: str, case: Any, said: str) -> None:
    if isinstance(case, dict) and "ticks" in case:
        case["schedule"] = "AllAtOnce"
    with pytest.raises(InputError, match=f"{peer} case {kind}: .*{said}"):
        peer_case(peer, kind, case)


def test_a_peer_that_is_no_name_is_unknown() -> None:
    with pytest.raises(UnknownNameError, match='unknown peer "None"'):
        peer_case(None, "weights", {})
