"""One run: the contract's figures, the same bytes for the same seed, no clock, no global luck."""

import json
from pathlib import Path

import pytest

import simcert

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
