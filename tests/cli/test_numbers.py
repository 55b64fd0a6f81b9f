"""Numbers that are none, and records that hold nothing: refused at the edge by every command."""

import json
from pathlib import Path

import click
import pytest

from simcert.cli._options import FiniteRange
from simcert.cli.main import cli, code_of

ROOT = Path(__file__).parents[2]


def float_options(group: click.Group = cli) -> list[tuple[str, click.Parameter]]:
    """Return every option of every command that takes a number with a fraction."""
    found = []
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if isinstance(command, click.Group):
                found += float_options(command)
            elif command is not None:
                found += [(name, one) for one in command.params if _is_float(one)]
    return found


def _is_float(one: click.Parameter) -> bool:
    return isinstance(one.type, click.types.FloatParamType)


def test_every_option_with_a_fraction_refuses_what_is_no_number() -> None:
    options = float_options()

    assert len(options) >= 4
    assert not [name for name, one in options if not isinstance(one.type, FiniteRange)]


@pytest.mark.parametrize("text", ["nan", "inf", "-inf"])
def test_a_gate_is_not_opened_by_a_number_that_is_none(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    chains = ROOT / "scenarios" / "chains"
    old, new = chains / "le_cross_signed_2021.pem", chains / "le_x1_signed.pem"
    asked = ["predict", "--old", str(old), "--new", str(new), "--population", "web"]

    assert code_of([*asked, "--max-affected", text]) == 2
    assert "--max-affected" in capsys.readouterr().err


def test_a_time_before_all_times_is_no_time(capsys: pytest.CaptureFixture[str]) -> None:
    chains = ROOT / "scenarios" / "chains"
    old = str(chains / "le_january.pem")
    asked = ["predict", "--old", old, "--new", old, "--population", "web"]

    assert code_of([*asked, "--at", "0001-01-01T00:00:00+14:00"]) == 2
    assert "is no time" in capsys.readouterr().err


def test_a_record_without_decisions_proves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = ROOT / "notebooks" / "journals" / "live_good.jsonl"
    lines = record.read_text(encoding="utf-8").splitlines()
    kept = [one for one in lines if json.loads(one)["entry"] != "decision"]
    (tmp_path / "journal.jsonl").write_text("\n".join(kept) + "\n", encoding="utf-8")

    assert code_of(["replay", str(tmp_path / "journal.jsonl")]) == 2
    assert "no decision" in capsys.readouterr().err


def test_a_key_that_cannot_sign_is_told_before_anything_is_flown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key").write_bytes(b"short")
    out = tmp_path / "out"

    assert code_of(["validate", "adaptive", "--key", str(tmp_path / "key"), "--out", str(out)]) == 2
    assert "bytes" in capsys.readouterr().err
    assert not out.exists()
