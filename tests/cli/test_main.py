"""Exit codes, hints and streams of the command line: the same for every command."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

import simcert
from simcert.cli.main import cli, code_of, main

CONTEXT = click.Context(cli)
COMMANDS = {name: cli.get_command(CONTEXT, name) for name in cli.list_commands(CONTEXT)}
RUN = "import sys; from simcert.cli.main import main; main(sys.argv[1:])"


def shell(*arguments: str, **options: object) -> "subprocess.CompletedProcess[str]":
    """Run the command line in a process of its own."""
    call = [sys.executable, "-c", RUN, *arguments]
    return subprocess.run(call, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("arguments", [[], *([name] for name in COMMANDS)], ids=str)
def test_help_comes_without_numpy(arguments: list[str]) -> None:
    probe = (
        "import sys; from simcert.cli.main import code_of; code = code_of(sys.argv[1:]); "
        "heavy = {'numpy', 'pandas', 'scipy', 'matplotlib', 'joblib', 'rich'} & set(sys.modules); "
        "sys.exit(f'imported {heavy}' if heavy else code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe, *arguments, "--help"], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Usage: simcert")


def test_a_mistake_of_ours_is_never_taken_for_a_no(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(arguments: list[str]) -> int:
        raise ValueError(f"lam value too large: {arguments}")

    monkeypatch.setattr("simcert.cli.main.code_of", broken)
    with pytest.raises(SystemExit) as left:
        main(["run"])

    said = capsys.readouterr().err
    assert left.value.code == 3
    assert "ValueError: lam value too large" in said
    assert "no verdict" in said


def test_a_second_ctrl_c_changes_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(arguments: list[str]) -> int:
        raise KeyboardInterrupt(*arguments)

    monkeypatch.setattr(cli, "main", lambda **_: interrupted([]))
    before = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(SystemExit) as left:
            main(["run"])
        after = signal.getsignal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)

    assert left.value.code == 130
    assert after is signal.SIG_IGN


def test_import_costs_next_to_nothing() -> None:
    probe = "import sys, simcert; assert 'numpy' not in sys.modules; assert 'run' in dir(simcert)"

    subprocess.run([sys.executable, "-c", probe], check=True)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_answers_in_json_and_shows_examples(name: str) -> None:
    command = COMMANDS[name]
    leaves = command.commands.values() if isinstance(command, click.Group) else [command]

    for leaf in leaves:
        assert any("--json" in p.opts for p in leaf.params), leaf.name
        assert "Example" in (leaf.epilog or command.epilog or ""), leaf.name


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["rn"], 'unknown command "rn"; did you mean "run"?'),
        (["run", "same_ca", "--polcy", "adaptive"], "--policy"),
        (["run", "same_c"], 'unknown scenario "same_c"; did you mean "same_ca"?'),
        (["run", "same_ca", "--policy", "adaptve"], 'did you mean "adaptive"?'),
        (["run", "nowhere/it.toml"], "no such scenario file"),
        (["run", "same_ca", "--fidelity", "count"], "counts"),
        (["run", "same_ca", "--seed", "-1"], "--seed"),
        (["compare", "same_ca", "--policy", "adaptive", "--runs", "0"], "--runs 0"),
        (["compare", "same_ca", "--policy", "adaptive", "--jobs", "0"], "--jobs 0"),
        (["compare", "same_ca", "--policy", "adaptive", "--runs", "1000001"], "at most 1,000,000"),
        (["compare", "same_ca", "--policy", "adaptive", "--jobs", "99999999"], "at most 1,024"),
        (["run", "same_ca", "--policy", "adaptive:mid=0.2,mid=0.3"], '"mid" stands there twice'),
        (["compare", "same_ca"], "--policy"),
        (["compare", "same_ca", "same_ca", "--policy", "adaptive"], "twice: same_ca with adaptive"),
        (["replay", "nowhere.jsonl"], "nowhere.jsonl"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)  # fmt: skip
def test_wrong_use_is_2_with_the_way_out(
    arguments: list[str], hint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = [] if arguments[0] in ("rn", "replay") else ["--out", str(tmp_path / "out")]

    assert code_of([*arguments, *place]) == 2

    said = capsys.readouterr()
    assert hint in said.err
    assert said.out == ""
    assert "Traceback" not in said.err
    assert not (tmp_path / "out").exists()


def test_help_is_laid_out_as_written() -> None:
    said = shell("--help").stdout

    assert "\\b" not in said
    assert "  simcert run same_ca\n" in said


def test_a_stdout_that_is_closed_is_no_crash(tmp_path: Path) -> None:
    line = f"{sys.executable} -c '{RUN}' run same_ca --policy oracle --out {tmp_path / 'out'} >&-"

    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")


def test_a_policy_file_that_leaves_is_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "leaves.py").write_text("raise SystemExit(0)\n")

    assert code_of(["check", str(tmp_path / "leaves.py")]) == 2
    assert "cannot be imported" in capsys.readouterr().err


def test_a_name_like_no_other_is_not_answered_with_hundreds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert code_of(["population", "show", "zzzzzzzz"]) == 2
    assert len(capsys.readouterr().err) < 1000


def test_output_on_a_file_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("mine")

    assert code_of(["run", "same_ca", "--out", str(tmp_path / "mine")]) == 2
    assert "is a file" in capsys.readouterr().err
    assert (tmp_path / "mine").read_text() == "mine"


def test_output_that_cannot_be_written_is_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of(["run", "same_ca", "--out", "/proc/simcert/out"]) == 3
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "code"), [("--help", 0), ("replay {} --json", 141)])
def test_a_reader_that_leaves_early_is_no_no(tmp_path: Path, arguments: str, code: int) -> None:
    simcert.run("same_ca", out=tmp_path / "out")
    words = arguments.format(tmp_path / "out" / "journal.jsonl")
    line = f"(sleep 0.3; {sys.executable} -c '{RUN}' {words}) | true; exit ${{PIPESTATUS[0]}}"

    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (code, "")


def test_a_journal_replays_byte_for_byte(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    simcert.run("android_root_missing", seed=2, out=tmp_path / "out")
    journal = str(tmp_path / "out" / "journal.jsonl")

    assert code_of(["replay", journal, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["identical"]
    assert told["decisions"] > 0
    assert code_of(["replay", journal, "--policy", "all_at_once", "--json"]) == 0
    assert not json.loads(capsys.readouterr().out)["identical"]


def test_json_is_one_document_and_progress_is_elsewhere(tmp_path: Path) -> None:
    done = shell("run", "same_ca", "--json", "--out", str(tmp_path / "out"))

    result = json.loads(done.stdout)
    assert done.returncode == (0 if result["end"] == "complete" else 1)
    assert done.stderr == ""
    assert result["out"] == str(tmp_path / "out")


def test_a_socket_that_breaks_is_no_reader_that_left(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("simcert.lab.replay", breaks)
    for name in ("stdout", "stderr"):  # click changes both, for good
        monkeypatch.setattr(sys, name, getattr(sys, name))

    assert code_of(["replay", "journal.jsonl"]) == 3
    assert "Broken pipe" in capfd.readouterr().err


def test_a_full_memory_is_told_with_a_way_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("simcert.lab.run", full)

    assert code_of(["run", "same_ca"]) == 3
    assert "out of memory; take --fidelity counts" in capsys.readouterr().err
