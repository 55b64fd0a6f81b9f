"""Argo's edges that no case at hand touches, each with what its sources make of it.

Conditions were also compared with an older release of the language itself (60,000 random ones);
where the two differ, the release that the product uses decides.
"""

from typing import Any

import pytest
from argo_phase import phase

from simcert.checks import peer_case

CONDITIONS: list[tuple[Any, str, str]] = [
    # a function of a float gets one: literals are written as floats, through signs, sums, products
    (0.5, "isNaN(-1)", "Failed"),
    (0.5, "not isInf(-(2 + 3) * 4)", "Successful"),
    ([1, 2], "isNaN(len(result) + 1)", "Failed"),
    ([1, 2], "isNaN(len(result) + len(result))", "Error"),
    ([1, 2], "isNaN(-len(result))", "Error"),
    (None, "isNaN(default(result, 0.5))", "Failed"),
    (None, "isNaN(default(result, 0))", "Error"),  # a whole number by way of `default`
    ({"a": None}, "isNaN(result.a)", "Error"),
    ({"a": 1.0}, "isNaN(result.a)", "Failed"),
    # a plus sign does nothing, whatever stands behind it
    ([True, False], "+result[0]", "Successful"),
    (True, "+result", "Error"),  # but its type is known here
    # keys of a map are strings
    ([{"a": 1}], "'a' in result[0]", "Successful"),
    ([{"a": 1}], "1 in result[0]", "Error"),
    ({"a": 1}, "1 in result", "Error"),
    # strings as numbers
    ("0x1p4", "asFloat(result) == 16", "Successful"),
    ("1e400", "asFloat(result) > 0", "Error"),
    ("-inf", "isInf(asFloat(result)) and asFloat(result) < 0", "Successful"),
    ("nan", "isNaN(asFloat(result))", "Successful"),
    ("-nan", "isNaN(asFloat(result))", "Error"),
    ("0x10", "asInt(result) == 16", "Error"),
    ("9223372036854775808", "asInt(result) > 0", "Error"),
    ("NaN", "asInt(result) < 0", "Successful"),  # as a machine word
    # nothing measured: a guard protects, since the request for a rule against it was not merged
    ([], "len(result) == 0 || result[0] > 1", "Successful"),
    ([], "len(result) > 0 && result[0] > 1", "Failed"),
    ([], "result[0] > 1 || len(result) == 0", "Error"),
    (None, "result == nil || result[0] > 1", "Error"),  # nil has no elements, even unasked
    (None, "isNil(result) ? true : default(result, 9) < 1", "Successful"),
]

NO_DATA = [
    ("result > 0.9", None, "Failed"),
    (None, "result > 0.9", "Successful"),
    ("result > 0.9", "result <= 0.9", "Inconclusive"),
    ("isNaN(result)", "result <= 0.9", "Successful"),
    ("result > 0.9", "isNaN(result)", "Failed"),
]


@pytest.mark.parametrize(("result", "condition", "wanted"), CONDITIONS)
def test_a_condition_is_what_the_sources_say(result: Any, condition: str, wanted: str) -> None:
    assert phase(result, condition) == wanted


@pytest.mark.parametrize(("success", "failure", "wanted"), NO_DATA)
def test_nan_is_judged_by_the_way_the_conditions_are_written(
    success: str | None, failure: str | None, wanted: str
) -> None:
    assert phase("NaN", success, failure) == wanted


@pytest.mark.parametrize(
    ("metric", "valid"),
    [
        ({"count": -1, "failure_limit": 3}, True),  # only a count above 0 is looked at
        ({"count": 0, "failure_limit": 3}, True),
        ({"count": "3", "interval": "1m", "failure_limit": "3"}, True),
        ({"count": "2", "interval": "1m", "failure_limit": "3"}, False),
        ({"count": "many"}, True),  # no number reads as 0
        ({"count": 3, "interval": "1m", "failure_limit": 2, "consecutive_success_limit": 2}, False),
        ({"count": 4, "interval": "1m", "failure_limit": 2, "consecutive_success_limit": 2}, True),
        ({"failure_limit": -1, "consecutive_success_limit": 1}, True),
        ({"failure_limit": -2, "consecutive_success_limit": 1}, False),
        ({"interval": "1m30s", "initial_delay": ".5h"}, True),
        ({"interval": "90"}, False),
    ],
)
def test_a_metric_is_accepted(metric: dict[str, Any], valid: bool) -> None:
    assert peer_case("argo", "metric_valid", metric) == {"valid": valid}


SEQUENCES: list[tuple[dict[str, Any], str, str]] = [
    ({"interval": "1m", "consecutive_error_limit": 0}, "E", "E"),
    ({"interval": "1m"}, "EEEESE", "RRRRRR"),  # one success, and the errors begin anew
    ({"interval": "1m", "count": 2}, "ESES", "RRRS"),  # errors do not count
    ({}, "S", "S"),
    ({"count": 3, "interval": "1m", "failure_limit": 1}, "FSS", "RRS"),
    ({"interval": "1m", "failure_limit": -1, "consecutive_success_limit": 2}, "FSFFSS", "RRRRRS"),
    (
        {"count": 4, "interval": "1m", "failure_limit": -1, "consecutive_success_limit": 3},
        "SFSS",
        "RRRF",
    ),
    ({"interval": "1m", "inconclusive_limit": 1, "failure_limit": 1}, "IFFI", "RRFF"),
    ({"interval": "1m", "inconclusive_limit": 0, "failure_limit": 0}, "SI", "RI"),
]
WORDS = {"S": "Successful", "F": "Failed", "I": "Inconclusive", "E": "Error", "R": "Running"}


@pytest.mark.parametrize(("metric", "measured", "after"), SEQUENCES)
def test_measurements_add_up_to_a_phase(metric: dict[str, Any], measured: str, after: str) -> None:
    case = {"metric": metric, "measurements": [WORDS[one] for one in measured]}
    found = peer_case("argo", "metric_sequence", case)

    assert found["phase_after"] == [WORDS[one] for one in after]
