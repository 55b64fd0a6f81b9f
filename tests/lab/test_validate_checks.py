"""From days to verdicts: what is proved passes or fails, the rest is open, a crash an error."""

import datetime as dt
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from simcert import lab
from simcert.control.signing import is_signed
from simcert.errors import InputError
from simcert.lab.compare.study import Study
from simcert.lab.setup import Setup, prepare
from simcert.lab.validate import campaigns, document
from simcert.lab.validate import checks as judge
from simcert.scenario import load_scenario
from simcert.scenario.schema import Expect

HARMS, GOOD, OUTAGE = "mldsa_only", "same_ca_mobile", "regional_outage"


@cache
def setup(stem: str) -> Setup:
    return prepare(stem, "adaptive")


def study(planned: int, **days: list[dict[str, Any]]) -> Study:
    """Return a study of days by scenario; a day that tells nothing else went as expected."""
    usual = {"expect_met": True, "false_rollback": False, "missed": False, "error": None}
    rows = [
        usual | {"scenario": stem, "policy": "adaptive"} | one
        for stem, told in days.items()
        for one in told
    ]
    return Study(tuple(setup(stem) for stem in days), planned, 0, rows)


def some(n: int, of: int, **said: object) -> list[dict[str, Any]]:
    return [dict(said) if k < n else {} for k in range(of)]


@pytest.mark.parametrize(
    ("unmet", "verdict", "share"),
    [(0, "pass", 1.0), (2, "pass", 0.9), (3, "inconclusive", 0.85), (6, "fail", 0.7)],
)
def test_a_scenario_fails_once_so_many_bad_days_are_no_accident(
    unmet: int, verdict: str, share: float
) -> None:
    (found,) = judge.expectations(study(20, mldsa_only=some(unmet, 20, expect_met=False)))

    assert (found.name, found.verdict, found.figure) == ("scenario/mldsa_only", verdict, share)
    assert judge.expectations(study(1, mldsa_only=[{}]), "fault")[0].name == "fault/mldsa_only"


def test_a_day_that_crashed_is_an_error_however_good_the_others_were() -> None:
    crashed = study(20, mldsa_only=some(1, 20, error="boom"))
    good = study(150, same_ca_mobile=some(1, 150, error="boom"), mldsa_only=[{}] * 150)

    (found,) = judge.expectations(crashed)
    assert (found.verdict, found.figure, found.n) == ("error", None, 19)
    assert found.about == "1 of 20 days crashed"
    assert judge.false_rollbacks(good, campaigns.FULL).verdict == "error"


@pytest.mark.parametrize(
    ("hits", "verdict"),
    [(0, "pass"), (1, "pass"), (2, "inconclusive"), (6, "inconclusive"), (12, "fail")],
)
def test_false_rollbacks_are_judged_by_their_exact_limits_over_all_null_days(
    hits: int, verdict: str
) -> None:
    days = study(150, same_ca_mobile=some(hits, 150, false_rollback=True), mldsa_only=[{}] * 150)

    found = judge.false_rollbacks(days, campaigns.FULL)
    assert (found.verdict, found.n) == (verdict, 300)
    assert found.figure == judge.exact_upper(hits, 300)


def test_what_goes_out_is_missed_only_where_it_harms() -> None:
    days = study(10, mldsa_only=some(2, 10, missed=True), same_ca_mobile=[{}] * 10)

    found = judge.missed(days)
    assert (found.verdict, found.figure, found.n) == ("fail", 0.2, 10)
    assert found.about.endswith("went out: mldsa_only")
    assert judge.missed(study(10, mldsa_only=some(1, 10, missed=True))).verdict == "pass"
    assert judge.missed(study(10, same_ca_mobile=[{}] * 10)).verdict == "no_data"


def test_the_document_is_as_good_as_its_worst_check() -> None:
    def of(*verdicts: str) -> str:
        return judge.overall([judge.Check(v, v, None, None, 1, "") for v in verdicts])

    assert of("pass", "no_data") == "pass"
    assert of("pass", "inconclusive") == "inconclusive"
    assert of("inconclusive", "fail", "pass") == "fail"
    assert of("fail", "error", "inconclusive") == "error"


def test_a_scenario_is_called_by_what_happens_in_it() -> None:
    kinds = {stem: campaigns.kind_of(load_scenario(stem)) for stem in (HARMS, OUTAGE, "poisoning")}

    assert kinds == {HARMS: "scenario", OUTAGE: "incident", "poisoning": "attack"}


def test_a_null_day_serves_the_old_chain_only() -> None:
    scenario = load_scenario(HARMS)
    chains = replace(scenario.certificates, fallback=scenario.certificates.old)

    (null,) = campaigns.nulls([replace(scenario, certificates=chains)])
    assert null.certificates.new == null.certificates.old == chains.old
    assert null.certificates.fallback is None
    assert (null.stem, null.expect) == (f"null-{HARMS}", Expect())


@pytest.mark.parametrize("suite", [(OUTAGE, GOOD, HARMS), (HARMS, OUTAGE, GOOD)])
def test_the_apparatus_breaks_on_a_day_that_harms_and_on_one_that_does_not(
    suite: tuple[str, ...],
) -> None:
    limit = setup(HARMS).scenario.expect.harmed_connections_max
    assert limit is not None

    made = campaigns.breakdowns([setup(stem) for stem in suite])
    assert len(made) == 2 * len(campaigns.BREAKDOWNS)
    assert all(len(one.faults) == 1 for one in made)
    expected = {
        HARMS: Expect(missed=False, harmed_connections_max=2 * limit),
        GOOD: Expect(false_rollback=False),
    }
    for one in made:
        kind, _, base = one.stem.partition("-")
        assert kind in campaigns.BREAKDOWNS
        assert one.expect == expected[base]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """A validation whose days are all well, flown by nobody."""
    well = [judge.Check("all", "pass", 1.0, 0.9, 20, "well")]
    monkeypatch.setattr(document, "_checked", lambda *_: well)
    monkeypatch.setattr(campaigns, "suite", lambda _: [load_scenario(HARMS)])
    return {"policy": "adaptive", "out": tmp_path / "out", "quiet": True}


def test_a_document_says_how_long_it_is_good_and_how_much_was_flown(call: dict[str, Any]) -> None:
    found = lab.validate(**call, days=30, quick=True).document
    issued, expires = (dt.datetime.fromisoformat(found[key]) for key in ("issued", "expires"))

    assert expires - issued == dt.timedelta(days=30)
    assert found["kind"] == "quick"
    assert found["signature"] is None
    with pytest.raises(InputError, match="must be in"):
        lab.validate(**call | {"days": 3651})


def test_a_finished_validation_is_not_flown_again(
    call: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = lab.validate(**call)

    def flown(*_: object) -> None:
        raise AssertionError("flown again")

    monkeypatch.setattr(document, "_checked", flown)
    assert lab.validate(**call).document == first.document


def test_a_key_signs_what_it_can_and_one_that_cannot_is_told_first(
    call: dict[str, Any], tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text("-----BEGIN PUBLIC KEY-----\n")
    with pytest.raises(InputError, match="is no key"):
        lab.validate(**call, key=key)
    assert not (tmp_path / "out").exists()

    key.write_text("5" * 64)
    found = lab.validate(**call, key=key).document
    body = document.validation.canonical(document.validation._content(found))
    message = document.validation._MESSAGE + body
    assert is_signed(key.read_bytes(), message, found["signature"], "key")


def test_a_suite_of_adversaries_alone_has_no_null_day(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(campaigns, "suite", lambda _: [load_scenario("poisoning")])

    with pytest.raises(InputError, match="no scenario without an adversary"):
        lab.validate("adaptive", out=tmp_path / "out", quiet=True)
