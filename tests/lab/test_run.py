"""One run: the contract's figures, the same bytes for the same seed, no clock, no global luck."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import simcert
from simcert.errors import InputError, MachineError
from simcert.lab.words import run_in_words

KEYS = [
    "scenario", "policy", "seed", "fidelity", "end", "minutes_to_full", "harmed_connections",
    "harmed_clients", "connections", "success_rate", "false_rollback", "missed", "exposure",
    "expect", "out",
]  # fmt: skip


@pytest.mark.usefixtures("sealed")
def test_a_run_takes_neither_time_nor_luck_from_the_machine() -> None:
    result = simcert.run("same_ca", policy="adaptive", seed=7)

    assert result.end in {"complete", "rolled_back", "deadline"}


def test_a_run_answers_as_the_contract_says() -> None:
    result = simcert.run("same_ca", seed=3)
    told = result.to_dict()

    assert list(told) == KEYS
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["connections"] > 0
    assert told["exposure"][0][0] == 0.0
    assert all(0.0 <= e <= 1.0 for _, e, _ in told["exposure"])
    assert told["out"] is None


@pytest.mark.parametrize(
    ("connections", "clients", "said"),
    [
        (0, 0, "Nobody failed because of it"),
        (1, 1, "1 connection of 1 client failed"),
        (2401, 1, "2,401 connections of 1 client failed"),
    ],
)
def test_harm_is_told_as_one_says_it(connections: int, clients: int, said: str) -> None:
    result = simcert.run("same_ca_mobile", policy="oracle", seed=3)
    score = replace(result.score, harmed_connections=connections, harmed_clients=clients)

    assert said in run_in_words(replace(result, score=score)).splitlines()[1]


def test_equal_seeds_leave_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        simcert.run("android_root_missing", seed=7, out=tmp_path / name)

    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    assert {p.name for p in (tmp_path / "a").iterdir()} == {
        "journal.jsonl", "run.json", "manifest.json",
    }  # fmt: skip


def test_other_seeds_are_other_days() -> None:
    a, b = (simcert.run("same_ca", seed=seed).to_dict() for seed in (1, 2))

    assert a["connections"] != b["connections"]


def test_the_timeline_adds_up() -> None:
    result = simcert.run("android_root_missing", seed=1)
    timeline = result.timeline

    assert timeline["t_s"].is_monotonic_increasing
    assert {"exposure", "n_old", "n_new", "failed_old", "failed_new"} <= set(timeline.columns)
    assert 0 < timeline["n_new"].sum() + timeline["n_old"].sum() <= result.to_dict()["connections"]
    assert "android_root_missing" in result._repr_html_()


def test_every_attempt_of_a_run_can_be_written_down(tmp_path: Path) -> None:
    path = tmp_path / "a" / "connections.parquet"
    result = simcert.run("android_root_missing", "fixed_linear", seed=2, records=path)
    rows = pd.read_parquet(path)

    assert result.setup.fidelity == "records"
    assert len(rows) == result.score.connections
    assert rows["harmed"].sum() == result.score.harmed_connections > 0
    assert rows.loc[rows["harmed"], "client"].nunique() == result.score.harmed_clients
    assert set(rows.loc[rows["harmed"], "arm"]) == {"new"}
    assert (rows["outcome"] == "ok").mean() == pytest.approx(result.score.success_rate)
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    with pytest.raises(InputError, match="nothing is overwritten"):
        simcert.run("same_ca", records=path)
    with pytest.raises(InputError, match="use --fidelity records"):
        simcert.run("same_ca", fidelity="counts", records=tmp_path / "b.parquet")


def test_without_its_extra_a_record_file_names_the_install_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(MachineError, match=r"pip install 'simcert\[parquet\]'"):
        simcert.run("same_ca", records=tmp_path / "c.parquet", out=tmp_path / "out")
    assert not [*tmp_path.iterdir()]
