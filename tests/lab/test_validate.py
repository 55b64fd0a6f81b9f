"""`validate` judges by exact limits, seals what it found, and goes on where it stopped."""

import datetime as dt
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import beta

from simcert import lab
from simcert.cli.main import code_of
from simcert.errors import InputError
from simcert.lab.setup import prepare
from simcert.lab.validate import campaigns
from simcert.lab.validate import checks as judge
from simcert.policy.adaptive import Adaptive
from simcert.policy.all_at_once import AllAtOnce
from simcert.scenario import load_scenario, stems

TINY = campaigns.Size("quick", 2, 2, 0.9)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite of two short stories: one harms, one does not."""
    monkeypatch.setattr(campaigns, "QUICK", TINY)
    monkeypatch.setattr(campaigns, "BREAKDOWNS", {"controller_restart": {"at_s": 300.0}})
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "chains").symlink_to(ROOT / "scenarios" / "chains")
    for stem in ("mldsa_only", "same_ca_mobile"):
        text = (ROOT / "scenarios" / f"{stem}.toml").read_text()
        (folder / f"{stem}.toml").write_text(text)
    return folder


def test_limits_are_those_of_clopper_and_pearson() -> None:
    for hits, n in ((0, 300), (1, 300), (17, 20), (20, 20)):
        upper = 1.0 if hits == n else beta.ppf(0.95, hits + 1, n - hits)
        lower = 0.0 if hits == 0 else beta.ppf(0.05, hits, n - hits + 1)
        assert judge.exact_upper(hits, n) == pytest.approx(upper)
        assert judge.exact_lower(hits, n) == pytest.approx(lower)


def test_one_false_rollback_in_300_passes_and_two_do_not() -> None:
    limit = campaigns.FULL.false_rollback_max

    assert judge.exact_upper(1, campaigns.FULL.nulls) < limit
    assert judge.exact_upper(2, campaigns.FULL.nulls) > limit


@pytest.mark.parametrize("stem", sorted(stems()))
def test_a_null_day_harms_nobody(stem: str) -> None:
    (null,) = campaigns.nulls([load_scenario(stem)]) or [None]

    if null is None:
        assert stem == "poisoning", "only an adversary of the new certificate excludes a day"
    else:
        assert not prepare(null, "adaptive").truth.harmful


def test_the_suite_judges_the_parameters_that_will_fly() -> None:
    same = judge.as_class(Adaptive(budget=0.007))

    assert same() == same()
    assert same().budget == 0.007  # type: ignore[attr-defined]
    never = {one.name: one for one in judge.conformance(Adaptive(delta_safe=1e-9, budget=1e-9))}
    assert never["conformance/completes_on_a_good_certificate"].verdict == "fail"


def test_a_fit_policy_passes_and_an_interrupted_validation_goes_on(
    suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "out"
    words = ["validate", "adaptive", "--suite", str(suite), "--quick", "--jobs", "1", "--json"]

    assert code_of([*words, "--out", str(place)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [*shown] == ["policy", "digest", "verdict", "checks", "expires", "out"]
    assert {tuple(one) for one in shown["checks"]} == {("name", "verdict", "figure", "limit")}
    (place / "validation.json").unlink()
    shutil.rmtree(place / "null")
    again = lab.validate("adaptive", suite, jobs=1, out=place, quick=True, quiet=True)
    assert again.to_dict()["checks"] == shown["checks"]


@pytest.mark.parametrize(
    ("verdict", "kind", "said"),
    [
        ("pass", "full", "flies until 2026-04-01; "),
        ("pass", "quick", "does not fly: `simcert live` asks for a full validation"),
        ("fail", "full", "does not fly; "),
    ],
)
def test_words_promise_no_flight_that_live_refuses(verdict: str, kind: str, said: str) -> None:
    about = {"policy": {"name": "ours"}, "checks": [], "expires": "2026-04-01T00:00:00Z"}

    found = lab.Validated({**about, "verdict": verdict, "kind": kind}, "results/mine")

    assert found.words().splitlines()[-1].startswith(said)


def test_a_moment_without_a_zone_is_refused_before_a_day_is_flown(tmp_path: Path) -> None:
    at = dt.datetime.fromisoformat("2026-03-01")  # the mistake: no zone
    with pytest.raises(InputError, match=r"at 2026-03-01T00:00:00: .* with a zone"):
        lab.validate("adaptive", out=tmp_path / "out", quick=True, quiet=True, at=at)
    assert not (tmp_path / "out").exists()


def test_a_reckless_policy_fails(suite: Path, tmp_path: Path) -> None:
    at = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    found = lab.validate(
        "all_at_once", suite, jobs=1, out=tmp_path / "out", quick=True, quiet=True, at=at, days=3
    )

    assert (found.document["issued"], found.document["expires"]) == (
        "2026-03-01T00:00:00+00:00",
        "2026-03-04T00:00:00+00:00",
    )
    verdicts = {one["name"]: one["verdict"] for one in found.document["checks"]}
    assert found.document["verdict"] == "fail"
    assert verdicts["missed"] == "fail"
    assert verdicts["scenario/mldsa_only"] == "fail"
    page = found._repr_html_()
    assert page.startswith("<p><b>all_at_once: fail (quick validation)</b><br>does not fly")
    assert page.index("scenario/mldsa_only</td><td>fail") < page.index("</td><td>pass</td>")
    assert "<svg" in page
    assert len(found.checks) == len(verdicts)
    assert repr(found).startswith("<Validated all_at_once: fail, ")
    hostile = replace(found, document=found.document | {"verdict": "<script>"})
    assert "<script" not in hostile._repr_html_()


def test_a_changed_document_is_not_given_out_again(suite: Path, tmp_path: Path) -> None:
    call: dict[str, Any] = {"jobs": 1, "out": tmp_path / "out", "quick": True, "quiet": True}
    lab.validate("all_at_once", suite, **call)
    path = tmp_path / "out" / "validation.json"
    path.write_text(path.read_text().replace('"verdict": "fail"', '"verdict": "pass"'))

    with pytest.raises(ValueError, match="changed after it was sealed"):
        lab.validate("all_at_once", suite, **call)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["oracle"], "needs the truth"),
        (["adaptive", "--suite", "nowhere"], "no folder with scenario files"),
        (["adaptive", "--days", "0"], "--days 0"),
        (["adaptve"], 'did you mean "adaptive"'),
        (["adaptive", "--key", "nowhere.pem"], "nowhere.pem: cannot be read"),
    ],
)
def test_what_cannot_be_validated_is_told(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(["validate", *arguments, "--out", str(tmp_path / "out")]) == 2
    assert said in capsys.readouterr().err


def test_a_class_of_its_own_is_still_that_policy() -> None:
    from simcert.control.journal import stem

    assert stem(judge.as_class(AllAtOnce())()) == "all_at_once"
