"""The rivals' rules against a second reading of them: random cases, none looked up."""

import math
from collections import Counter
from functools import reduce
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcert.checks import peer_case
from simcert.errors import InputError

PHASES = st.sampled_from(["Successful", "Failed", "Inconclusive", "Error"])
FEW = settings(max_examples=60, deadline=None, derandomize=True)

NUMBERS = st.sampled_from([0, 1, 2, 3, 0.5, 2.5]).map(lambda v: (str(v), lambda _: v)) | st.builds(
    lambda i: (f"result[{i}]", lambda r: r[i]), st.sampled_from([0, 1, -1])
) | st.just(("len(result)", len))  # fmt: skip
ORDER = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b, "==": lambda a, b: a == b, "!=": lambda a, b: a != b,
}  # fmt: skip


def compared(op: str, a: Any, b: Any) -> Any:
    return f"{a[0]} {op} {b[0]}", lambda r: ORDER[op](a[1](r), b[1](r))


def joined(word: str, a: Any, b: Any) -> Any:
    both = word in ("and", "&&")
    return (
        f"({a[0]}) {word} ({b[0]})",
        lambda r: (a[1](r) and b[1](r)) if both else (a[1](r) or b[1](r)),
    )


def denied(word: str, a: Any) -> Any:
    return f"{word}({a[0]})", lambda r: not a[1](r)


def contained(word: str, a: Any) -> Any:
    return f"{a[0]} {word} result", lambda r: (a[1](r) in r) is (word == "in")


CLAUSES = st.builds(compared, st.sampled_from([*ORDER]), NUMBERS, NUMBERS) | st.builds(
    contained, st.sampled_from(["in", "not in"]), NUMBERS
)
CONDITIONS = st.recursive(
    CLAUSES,
    lambda inner: (
        st.builds(joined, st.sampled_from(["and", "or", "&&", "||"]), inner, inner)
        | st.builds(denied, st.sampled_from(["not ", "!"]), inner)
    ),
    max_leaves=6,
)


@FEW
@given(
    result=st.lists(st.sampled_from([0.0, 1.0, 2.0, 0.5]), min_size=1, max_size=3),
    success=CONDITIONS,
    failure=CONDITIONS,
)
def test_a_condition_is_as_true_as_its_parts(result: Any, success: Any, failure: Any) -> None:
    case = {
        "result": result, "success_condition": success[0], "failure_condition": failure[0],
    }  # fmt: skip

    def holds(condition: Any) -> bool | None:
        try:
            return bool(condition[1](result))
        except IndexError:
            return None

    good, bad = holds(success), holds(failure)
    wanted = "Failed" if bad else "Successful" if good else "Inconclusive"

    assert peer_case("argo", "evaluate_condition", case) == {
        "phase": "Error" if None in (good, bad) else wanted
    }


@FEW
@given(
    measured=st.lists(PHASES, min_size=1, max_size=12),
    count=st.integers(0, 8),
    limits=st.tuples(st.integers(-1, 3), st.integers(0, 2), st.integers(0, 4), st.integers(0, 3)),
)
def test_a_metric_ends_by_its_totals(measured: Any, count: int, limits: Any) -> None:
    fail, vague, error, streak = limits
    metric = {
        "count": count, "interval": "60s", "failure_limit": fail, "inconclusive_limit": vague,
        "consecutive_error_limit": error, "consecutive_success_limit": streak,
    }  # fmt: skip

    def trailing(seen: list[str], phase: str) -> int:
        return next((i for i, one in enumerate(reversed(seen)) if one != phase), len(seen))

    def after(seen: list[str]) -> str:
        total = Counter(seen)
        if trailing(seen, "Error") > error:
            return "Error"
        if total["Inconclusive"] > vague:
            return "Inconclusive"
        if fail >= 0 and total["Failed"] > fail:
            return "Failed"
        if streak and trailing(seen, "Successful") >= streak:
            return "Successful"
        if count and total.total() - total["Error"] >= count:
            return "Successful" if not streak else "Failed" if fail < 0 else "Inconclusive"
        return "Running"

    def sticky(done: list[str], n: int) -> list[str]:
        ended = done and done[-1] != "Running"
        return [*done, done[-1] if ended else after(measured[:n])]

    wanted: list[str] = reduce(sticky, range(1, len(measured) + 1), [])
    found = peer_case("argo", "metric_sequence", {"metric": metric, "measurements": measured})

    assert found == {"phase_after": wanted}


@FEW
@given(step=st.integers(1, 60), top=st.integers(1, 100), threshold=st.integers(1, 5))
def test_a_rollout_of_flagger_takes_as_long_as_its_steps(
    step: int, top: int, threshold: int
) -> None:
    analysis = {"step_weight": step, "max_weight": top, "threshold": threshold}
    last = math.ceil(top / step) + 4  # detected, the steps, promoting, finalising, succeeded
    good = [{"new_revision": True}, *[{}] * (last - 1)]
    bad = [{"new_revision": True}, {}, *[{"checks": "fail"}] * (threshold + 1)]
    well, ill = (
        [one["phase"] for one in peer_case("flagger", "rollout_sequence", case)["after_tick"]]
        for case in ({"analysis": analysis, "ticks": good}, {"analysis": analysis, "ticks": bad})
    )

    assert well.index("Succeeded") == last - 1
    assert ill.index("Failed") == threshold + 2  # one interval after the failure that decides


VALUES = st.lists(st.integers(-20, 20).map(float), min_size=4, max_size=8)


def rank_z(x: list[float], y: list[float], shift: float) -> float:
    """Return the corrected z of the rank sum by counting pairs, not by ranks."""
    moved, m, n = [v - shift for v in x], len(x), len(y)
    wins = sum((a > b) + (a == b) / 2 for a in moved for b in y) - m * n / 2
    ties = sum(t**3 - t for t in Counter(moved + y).values())
    sigma = math.sqrt(m * n / 12 * (m + n + 1 - ties / ((m + n) * (m + n - 1))))
    return (wins - 0.5 * ((wins > 0) - (wins < 0))) / sigma


@FEW
@given(x=VALUES, y=VALUES, confidence=st.sampled_from([0.9, 0.95, 0.98]))
def test_the_interval_of_kayenta_ends_where_the_rank_sum_crosses(
    x: list[float], y: list[float], confidence: float
) -> None:
    case = {"experiment": x, "control": y, "confidence_level": confidence}
    if len({*x, *y}) == 1:
        with pytest.raises(InputError, match="tied"):
            peer_case("kayenta", "mann_whitney_interval", case)
        return
    found = peer_case("kayenta", "mann_whitney_interval", case)
    lowest, highest = min(x) - max(y), max(x) - min(y)
    quantile = peer_case("kayenta", "normal_quantile", {"p": (1 + confidence) / 2})["value"]

    for name, level in (("low", quantile), ("high", -quantile), ("estimate", 0.0)):
        at = found[name]
        assert lowest <= at <= highest
        assert at == lowest or rank_z(x, y, at - 1e-3) >= level - 1e-9
        assert at == highest or rank_z(x, y, at + 1e-3) <= level + 1e-9


HOSTILE = {
    "signs": "-" * 4000 + "1 == 1",
    "a long chain": "1" + " + 1" * 1500 + " > 0",
    "members": "result" + "[0]" * 1200 + " == 1",
    "shared parts": "(" * 60 + "true" + " ?: true)" * 60,
    "shared comparisons": "0 < (" * 30 + "1" + " ? 1 : 1) < 2" * 30,
    "many arrays": "len(map(1..9999, 1..9999)) > 0",
    "many slices": "len(map(1..9999, result[0:])) > 0",
    "many comparisons": "all(1..9999, result == result)",
    "a text that doubles": "len(reduce(1..60, #acc + #acc, 'aaaa')) > 0",
    "an array that doubles": "len(string(reduce(1..60, [#acc, #acc], [1]))) > 0",
    "a long repeat": "len(repeat('a', 9999999999)) > 0",
    "a long replace": "len(replace(repeat('a', 1000), '', repeat('b', 5000))) > 0",
    "one text many times": "let a = repeat('a', 9999); len(join(map(1..9999, a))) > 0",
    "one among many": "len(uniq(1..9999)) > 0",
    "a pattern of patterns": "'a' matches '((a?){1000}){1000}'",
    "a pattern of nothing": "'a' matches '((){1000}){1000}'",
    "a deep pattern": "'a' matches '" + "(" * 500 + ")" * 500 + "'",
    "a pattern many times": "all(1..9999, repeat('a', 999) matches '(a*)*b$' or true)",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_condition_costs_little_and_is_an_error(text: str) -> None:
    case = {"result": [1.0] * 1000, "success_condition": text, "failure_condition": None}

    assert peer_case("argo", "evaluate_condition", case) == {"phase": "Error"}


@pytest.mark.parametrize(
    ("result", "condition"),
    [
        (9223372036854775807, "result + 1 < 0"),
        (1 << 63, "result > 9e18"),
        ("9" * 5000, "len(result) == 5000"),
        ("\u0663", "len(result) == 2"),
        ("\ud800", "len(result) == 3"),
    ],
)
def test_values_have_the_width_of_the_product(result: Any, condition: str) -> None:
    case = {"result": result, "success_condition": condition}

    assert peer_case("argo", "evaluate_condition", case) == {"phase": "Successful"}


@pytest.mark.parametrize("text", ["9" * 5000, "\u0663", "9223372036854775808"])
def test_what_is_no_whole_number_there_is_none_here(text: str) -> None:
    case = {"result": text, "success_condition": "asInt(result) > 0"}

    assert peer_case("argo", "evaluate_condition", case) == {"phase": "Error"}


DEEP: list[Any] = reduce(lambda inner, _: [inner], range(5000), [])


@pytest.mark.parametrize(
    ("peer", "kind", "case"),
    [
        ("argo", "metric_status", {}),
        ("argo", "metric_status", {"metric": 3, "result": {}}),
        ("argo", "is_worse", {"current": "Bad", "new": "Failed"}),
        ("argo", "evaluate_condition", {"result": DEEP, "success_condition": "true"}),
        ("argo", "evaluate_condition", {"result": 10**400, "success_condition": "true"}),
        ("argo", "evaluate_condition", {"result": 1, "success_condition": 3}),
        ("flagger", "rollout_sequence", {"ticks": [3]}),
        ("kayenta", "mann_whitney_interval", {"experiment": ["x"], "control": [1.0]}),
        ("kayenta", "percentile_r7", {"data": [1.0], "p": 101}),
    ],
)
def test_an_input_that_is_no_case_is_refused(peer: str, kind: str, case: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"{peer} case {kind}: "):
        peer_case(peer, kind, case)
