"""The rivals' own test cases, to the letter; `abs_tol*` in a case are tolerances, not fields."""

import json
from pathlib import Path
from typing import Any

import pytest

from simcert.checks import peer_case
from simcert.errors import UnknownNameError

DATA = Path(__file__).parent / "data" / "peer_cases"
CASES = [
    pytest.param(path.stem, case, id=case["id"])
    for path in sorted(DATA.glob("*.json"))
    for case in json.loads(path.read_text())["cases"]
]


def agrees(got: Any, wanted: Any, tolerance: float) -> bool:
    if isinstance(wanted, dict):
        return all(k in got and agrees(got[k], v, tolerance) for k, v in wanted.items())
    if isinstance(wanted, list):
        pairs = zip(got, wanted, strict=True)
        return len(got) == len(wanted) and all(agrees(g, w, tolerance) for g, w in pairs)
    if wanted is None or isinstance(wanted, bool | str):
        return got is wanted or (isinstance(wanted, str) and got == wanted)
    return got is not None and abs(got - wanted) <= tolerance


@pytest.mark.parametrize(("peer", "case"), CASES)
def test_case(peer: str, case: dict[str, Any]) -> None:
    got, expected = peer_case(peer, case["kind"], case["input"]), case["expected"]
    every = expected.get("abs_tol", 1e-9)

    for field, wanted in expected.items():
        if not field.startswith("abs_tol"):
            tolerance = expected.get(f"abs_tol_{field}", every)
            assert agrees(got[field], wanted, tolerance), (field, got[field], wanted)


def test_every_kind_of_case_is_there() -> None:
    assert len(CASES) == 207
    assert {c.values[0] for c in CASES} == {"argo", "flagger", "kayenta"}


@pytest.mark.parametrize(("peer", "kind"), [("flager", "strategy"), ("argo", "metric_state")])
def test_an_unknown_name_is_met_with_the_nearest(peer: str, kind: str) -> None:
    with pytest.raises(UnknownNameError, match="did you mean"):
        peer_case(peer, kind, {})
