"""What `run` and `compare` leave behind can be reported on, from the command line."""

import json
from pathlib import Path

import pytest

from simcert.cli.main import code_of


def test_a_run_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    run = code_of(["run", "android_root_missing", "--seed", "7", "--out", str(out)])
    capsys.readouterr()

    assert (run, code_of(["report", str(out), "--json"])) == (1, 0)
    told = json.loads(capsys.readouterr().out)
    page = Path(told["out"]).read_text(encoding="utf-8")
    assert told["out"] == str(out / "report.html")
    assert "The new certificate must not go out." in page
    assert "simcert run android_root_missing --policy adaptive --seed 7" in page
    assert str(tmp_path) not in page


@pytest.mark.slow
def test_a_batch_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    policies = ["--policy", "adaptive", "--policy", "fixed_linear"]
    batch = ["same_ca", "android_root_missing", *policies, "--runs", "2", "--jobs", "1"]
    assert code_of(["compare", *batch, "--quiet", "--out", str(out)]) == 0

    assert code_of(["report", str(out), "--figures", str(tmp_path / "figures")]) == 0
    assert f"Report: {out / 'report.html'}" in capsys.readouterr().out
    assert (tmp_path / "figures" / "pareto.png").stat().st_size > 10_000
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Old phones do not know the root of the new chain" in page


@pytest.mark.parametrize("name", ["", "nowhere"])
def test_a_folder_without_results_is_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert code_of(["report", str(tmp_path / name)]) == 2

    said = capsys.readouterr().err
    assert "simcert run SCENARIO --out DIR" in said
    assert "Traceback" not in said
