"""The tutorial's policy is 20 lines, conforms, and flies as the page says (fewer days)."""

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from simcert.cli.main import code_of

PAGE = Path(__file__).parents[2] / "docs" / "tutorial-your-own-policy.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.M | re.S)


def policies() -> list[str]:
    words = shlex.split(blocks("sh")[2].replace("\\\n", " "))
    return [word for before, word in pairwise(words) if before == "--policy"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "ask_twice.py").write_text(blocks("python")[0])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_is_twenty_lines_and_there_are_twelve_others() -> None:
    body = blocks("python")[0].partition("class AskTwice")[2]

    assert len([line for line in body.splitlines() if line.strip()]) <= 20
    assert len({*policies()}) == 13


def test_the_policy_conforms(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of(["check", "ask_twice.py"]) == 0
    assert "14 of 14 checks passed" in capsys.readouterr().out


@pytest.mark.slow
def test_it_flies_in_workers_beside_the_others(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = ["--policy", "ask_twice.py", "--policy", "ask_twice.py:units=500"]
    batch = ["compare", "same_ca", "android_root_missing", *mine, "--policy", "oracle"]
    assert code_of(["run", "android_root_missing", *mine[:2], "--seed", "7"]) == 1
    capsys.readouterr()

    assert code_of([*batch, "--runs", "2", "--jobs", "2", "--json", "--out", "two"]) == 0
    two = json.loads(capsys.readouterr().out)
    assert code_of([*batch, "--runs", "2", "--jobs", "1", "--json", "--out", "one"]) == 0
    one = json.loads(capsys.readouterr().out)

    assert {**one, "out": ""} == {**two, "out": ""}
    assert [r["policy"] for r in two["results"]][:2] == ["ask_twice", "ask_twice:units=500"]
    assert two["results"][0]["complete_share"] == 1.0
    assert two["results"][3]["rolled_back_share"] == 1.0
    assert code_of(["report", "two"]) == 0


def test_other_code_is_another_batch(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder of results is not continued with a policy that was edited meanwhile."""
    call = ["run", "same_ca", "--policy", "ask_twice.py", "--out", "mine"]
    assert code_of(call) == 0
    file = folder / "ask_twice.py"
    file.write_text(file.read_text() + "\n# edited\n")

    assert code_of(call) == 2
    assert "mine" in capsys.readouterr().err
