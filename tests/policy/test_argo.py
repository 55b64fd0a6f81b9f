"""Argo: steps, an analysis beside or between them, and its condition language."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcert.policy._peers.argo_condition import evaluate, phase
from simcert.policy._peers.argo_parse import MAX_CHARS, MAX_DEPTH, MAX_STEPS
from simcert.policy._peers.argo_tokens import ConditionError
from simcert.policy.argo import Argo


def test_a_good_certificate_takes_the_documented_forty_minutes(fly) -> None:
    path = fly(Argo())

    assert [(m, e) for m, e, _ in path.moves] == [
        (0, 0.2),
        (10, 0.4),
        (20, 0.6),
        (30, 0.8),
        (40, 1),
    ]
    assert path.phase == "complete"


def test_a_break_is_aborted_by_the_fourth_failure(fly) -> None:
    path = fly(Argo(), delta=0.3)

    # measured from the second step on: minutes 10, 15, 20, 25, +1 each as a tick is a minute
    assert path.moves[-1][1] == 0.0
    assert "failed 4, limit 3" in path.moves[-1][2]


def test_a_step_analysis_holds_its_step(fly) -> None:
    policy = Argo(mode="step", interval_s=60.0, failure_limit=0)

    bad, good = fly(policy, delta=0.3), fly(policy)

    assert max(e for _, e, _ in bad.moves) == 0.2
    assert bad.phase == "rolled_back"
    assert good.phase == "complete"
    assert good.full_min > 40.0


def test_a_small_harm_slips_through_the_documented_limit(fly) -> None:
    assert fly(Argo(), delta=0.02).phase == "complete"


@pytest.mark.parametrize(
    ("result", "condition", "holds"),
    [
        (0.97, "result >= 0.95 and result < 1", True),
        (0.97, "not (result >= 0.95) || false", False),
        ([0.97], "result[0] >= 0.95 && len(result) == 1", True),
        ([0.97], "result[-1] == 0.97", True),
        ([10.0, 11.0], "10 in result and 12 not in result", True),
        ({"rate": 1.0, "tag": "a"}, "result.rate == 1 and result['tag'] in ['a', 'b']", True),
        ({"rate": None}, "result.rate?.x == nil", True),
        (math.nan, "isNaN(result)", True),
        (math.nan, "result < 1 or result >= 1", False),
        (math.inf, "isInf(result) and result > 1e300", True),
        (None, "isNil(result)", True),
        (None, "default(result, 7) == 7", True),
        ("42", "asInt(result) == 42 and asFloat(result) == 42.0", True),
        (3, "1 < result <= 3", True),
        (3, "result / 2 == 1.5 and result % 2 == 1 and -result ** 2 == -9", True),
        ([1.0, 2.0], "all(result, {# > 0}) and count(result, # > 1) == 1", True),
        (2.0, "(result > 1 ? 'high' : 'low') == 'high'", True),
        ("canary", "result startsWith 'can' and result contains \"nar\"", True),
    ],
)
def test_conditions_mean_what_the_language_says(
    result: object, condition: str, holds: bool
) -> None:
    assert evaluate(result, condition) is holds


@pytest.mark.parametrize(
    ("result", "condition"),
    [
        (1.0, "result == 'a'"),  # types that never compare
        (1.0, "not result > 2"),  # `not` binds tighter than the comparison
        (1.0, "true or missing == 1"),  # checked even where it would not run
        (None, "result > 0.95"),
        (None, "result[0] > 0.95"),
        ([], "result[0] > 0.95"),
        ([1.0], "result[1] > 0.95"),
        ([1.0], "result.rate > 0.95"),
        (1.0, "len(result) == 1"),
        (1.0, "result + 1"),  # not a bool
        (True, "result and 1"),
        ("1.5", "asInt(result) == 1"),
        (1.0, "isNaN('a')"),
        (1.0, "result.Name() == 1"),
        (1.0, "__import__('os') == 1"),
        (1.0, "result >="),
        (1.0, "result ?? 0 > 1"),
        (1.0, "(" * (MAX_DEPTH + 1) + "true" + ")" * (MAX_DEPTH + 1)),
        (1.0, "true" + " " * MAX_CHARS),
        (1.0, "all(1..9999, all(1..9999, # > 0))"),  # stopped after MAX_STEPS
    ],
)
def test_what_the_language_refuses_is_an_error_never_a_failure(
    result: object, condition: str
) -> None:
    assert MAX_STEPS < 9999**2
    assert phase(result, condition) == "Error"


@given(st.text(alphabet="result[]0.95<>=!&|()'\" andornotinlen,?:#{}", max_size=40))
def test_no_text_breaks_the_evaluator(text: str) -> None:
    try:
        assert evaluate([0.5], text) in (True, False)
    except ConditionError:
        assert phase([0.5], text or "?") == "Error"


def test_a_condition_that_does_not_parse_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="expected"):
        Argo(success_condition="result[0 >= 0.95")
