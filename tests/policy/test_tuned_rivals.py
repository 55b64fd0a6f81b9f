"""Each rival's second, tuned setting: a committed file that completes and that stops a break."""

from pathlib import Path

import pytest

from simcert.scenario.policies import parse

TUNED = sorted((Path(__file__).parents[2] / "policies").glob("*_tuned.toml"))


def test_every_rival_has_one() -> None:
    schedules = {"fixed_canary", "fixed_exponential", "fixed_linear"}
    rivals = {"argo", "flagger", "iter8", "kayenta", "risk_of_ruin", "sprt_risk"} | schedules

    assert {path.stem.removesuffix("_tuned") for path in TUNED} >= rivals


@pytest.mark.parametrize("path", TUNED, ids=lambda p: p.stem)
def test_it_completes_a_good_rotation(path: Path, fly) -> None:
    assert fly(parse(path)).phase == "complete"


@pytest.mark.parametrize("path", TUNED, ids=lambda p: p.stem)
def test_it_stops_a_break_of_one_in_twenty(path: Path, fly) -> None:
    assert fly(parse(path), delta=0.05).phase == "rolled_back"
