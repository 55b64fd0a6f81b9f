"""A newcomer's mistakes, over all commands: one paragraph with the file, the key and a way out."""

import os
from pathlib import Path

import pytest

from simcert.cli.main import code_of
from simcert.model import given

CHAIN = Path(__file__).parents[2] / "scenarios" / "chains" / "le_january.pem"
SCENARIO = """\
schema = 1
summary = "x"
[certificates]
old = "{old}"
new = "good.pem"
[population]
mix = "{mix}"
"""
FILES = {
    "syntax.toml": b"a = \n",
    "latin.toml": b"summary = '\xff'\n",
    "empty.toml": b"",
    "gone.toml": SCENARIO.format(old="nowhere.pem", mix="web").encode(),
    "mix.toml": SCENARIO.format(old="good.pem", mix="wep").encode(),
    "key.toml": b'policy = "adaptive"\nalfa = 1\n',
    "number.toml": b"policy = 3\n",
    "nothing.py": b"x = 1\n",
    "syntax.py": b"def f(:\n",
    "good.pem": CHAIN.read_bytes(),
    "bad.pem": b"nope\n",
    "two.py": b"class A: ...\nclass B: ...\n",
    "neither.py": b"class A: ...\n",
    "leaves.py": b"import os; os._exit(0)\n",
    "raises.py": b"raise ValueError\n",
    "plain": b"nope\n",
    "one.jsonl": b"{}\n",
    "zero.jsonl": b"",
    "nested.toml": b"a = " + b"[" * 20_000,
    "digits.toml": b"a = " + b"9" * 5_000,
    "binary.jsonl": b"\xff\x00",
}
FOLDERS = ("made", "made.py", "made.toml")
PREDICT = "predict --old {} --new good.pem --population web"
MISTAKES = [
    ("run syntax.toml", 2, "syntax.toml: is not TOML"),
    ("run latin.toml", 2, "save it as UTF-8"),
    ("run empty.toml", 2, 'empty.toml: key "certificates" is missing'),
    ("run gone.toml", 2, "gone.toml:4: certificates.old: nowhere.pem: cannot be read"),
    (
        "run mix.toml",
        2,
        'mix.toml:7: population.mix: unknown population "wep"; did you mean "web"?',
    ),
    ("run SAME_CA", 2, 'did you mean "same_ca"?'),
    (f"run {'a' * 5000}", 2, f'unknown scenario "{"a" * 80}..."; known: android_root_missing'),
    ("run same_ca --seed 1e3", 2, "'1e3' is not a valid integer."),
    (PREDICT.format("good.pem") + " --max-affected 1%", 2, "'1%' is not a valid number."),
    ("run same_ca --policy key.toml", 2, 'key.toml:2: alfa: unknown key "alfa"; did you mean'),
    ("run same_ca --policy number.toml", 2, 'number.toml: key "policy" must be a text'),
    ("run same_ca --policy absent.toml", 2, "`simcert init DIR` makes files to begin with"),
    ("run same_ca --policy nothing.py", 2, "nothing.py: defines 0 public classes"),
    ("run same_ca --policy syntax.py", 2, "syntax.py:1: is no Python"),
    ("run same_ca --policy adaptive:alpha=2", 2, "alpha: must be in (0, 1), got 2.0"),
    ("run same_ca --policy adaptive:alpha", 2, "write name:key=value"),
    ("run same_ca --out plain", 2, "plain: is a file; name a folder"),
    ("compare same_ca --policy oracle --cluster nonsense --runs 1", 2, "write it like tcp://"),
    (PREDICT.format("bad.pem"), 2, "bad.pem: holds no"),
    (PREDICT.format("good.pem") + " --at yesterday", 2, "write it like 2026-03-01T00:00:00Z"),
    (PREDICT.format("good.pem") + " --explain curll", 2, 'did you mean "curl"?'),
    ("population import plain --out x.toml", 2, "docs/population-logs.md"),
    ("replay absent", 2, "absent: cannot be read: No such file or directory; give a journal.jsonl"),
    ("replay one.jsonl", 2, "one.jsonl:1: entry None is none of start"),
    ("replay zero.jsonl", 2, "zero.jsonl: a journal begins with a start entry"),
    ("replay binary.jsonl", 2, "binary.jsonl: cannot be read"),
    ("report absent", 2, "make some with `simcert run SCENARIO --out DIR`"),
    ("report plain", 2, "plain: is a file"),
    ("check absent.py", 2, "absent.py: is no Python file"),
    ("check nothing.py", 2, "nothing.py: defines 0 public classes"),
    ("check two.py", 2, "two.py: defines 2 public classes (A, B)"),
    ("check neither.py", 2, "is neither a policy"),
    ("check leaves.py", 2, "leaves.py: loading it gave no answer"),
    ("check raises.py", 2, "raises.py: cannot be imported"),
    ("check syntax.py", 2, "syntax.py:1: is no Python"),
    ("check made", 2, "made: is a folder"),
    ("check made.py", 2, "made.py: is a folder"),
    ("check plain", 2, "plain: is no policy or detector file by its ending; it has to be .py"),
    ("run made", 2, "made: is a folder"),
    ("run made.toml", 2, "made.toml: is a folder"),
    ("run .", 2, ": is a folder; give a scenario's name or its file"),
    ("run ../..", 2, ": is a folder, no scenario file; built-in: "),
    ("run /dev/null", 2, '/dev/null: key "certificates" is missing'),
    ("run /dev/zero", 2, "/dev/zero: is longer than 1,000,000 bytes"),
    ("run made/../good.pem", 2, "good.pem: is PEM, not TOML"),
    ("run nested.toml", 2, "nested.toml: is not TOML"),
    ("run digits.toml", 2, "digits.toml: is not TOML"),
    ("run same_ca --policy nested.toml", 2, "nested.toml: is not TOML"),
    (f"run same_ca --policy adaptive:alpha={'9' * 200}", 2, "must be in (0, 1)"),
    (f"run same_ca --policy adaptive:alpha={'9' * 400}", 2, "alpha: is beyond all numbers"),
    (f"run same_ca --policy adaptive:alpha={'9' * 5_000}", 2, "alpha: must be a number"),
    (f"run same_ca --policy adaptive:alpha={'[' * 5_000}", 2, "alpha: must be a number"),
    ("run plain", 2, "plain: is no scenario file by its ending; it has to be .toml"),
    ("run same_ca --policy made", 2, "made: is a folder"),
    ("run same_ca --policy made.py", 2, "made.py: is a folder"),
    ("run same_ca --policy plain", 2, "plain: is no policy file by its ending"),
    ("population show made", 2, "made: is a folder"),
    ("population show plain", 2, "plain: is no population file by its ending"),
    ("live plan absent.toml", 2, "absent.toml: cannot be read"),
    ("live absent.toml --dry", 2, "Usage: simcert live [OPTIONS] CONFIG\n"),
    ("live plan empty.toml", 2, 'empty.toml: key "schema" is missing'),
    ("regress", 2, "`simcert regress --baseline simcert-baseline --update` records one"),
    ("regress --baseline plain", 2, "plain: is a file; name a folder"),
    ("regress --runs 3", 2, "go with --update"),
    ("regress --update --seed 3", 2, "cannot be with --update"),
    ("regress --update --baseline plain", 2, "plain: is a file; name a folder"),
    ("regress --update --policy adaptve", 2, 'did you mean "adaptive"?'),
    ("init .", 2, "is not empty"),
    ("init plain", 2, "plain: is a file; name a folder"),
    ("init /proc/x", 3, "name another folder"),
]


@pytest.mark.parametrize(("line", "code", "hint"), MISTAKES, ids=[one[0][:60] for one in MISTAKES])
def test_a_mistake_is_told_with_the_way_out(
    line: str,
    code: int,
    hint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)

    for name in FOLDERS:
        (tmp_path / name).mkdir()

    assert code_of(line.split()) == code

    said = capsys.readouterr()
    assert hint in said.err
    assert said.out == ""
    assert len(said.err) < 1500


EMPTY = {"run": "scenario", "run same_ca --policy": "policy", "population show": "population"}


@pytest.mark.parametrize(("line", "kind"), EMPTY.items())
def test_an_empty_name_is_no_folder(
    line: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of([*line.split(), ""]) == 2

    assert f"a name is empty; give a {kind}'s name or its file" in capsys.readouterr().err


PIPES = [
    "run pipe.toml",
    "run same_ca --policy pipe.toml",
    "run same_ca --policy pipe.py",
    "run ends.toml",
    "predict --old pipe --new good.pem --population web",
    "predict --old good.pem --new good.pem --population pipe.toml",
    "predict --old good.pem --new good.pem --population web --trust pipe",
    "population import pipe --out x.toml",
    "population import pipe.gz --out x.toml",
    "population show pipe.toml",
    "validate adaptive --key pipe",
    "validate pipe.toml",
    "tune same_ca --policy pipe.toml --trials 1",
    "compare pipe.toml --policy adaptive --runs 1",
    "replay pipe",
    "check pipe.py",
    "live plan pipe.toml",
]


@pytest.mark.parametrize("line", PIPES)
def test_a_pipe_that_nobody_writes_to_is_not_waited_for(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(given, "SILENCE_S", 0.05)
    (tmp_path / "good.pem").write_bytes(CHAIN.read_bytes())
    (tmp_path / "ends.toml").write_text(SCENARIO.format(old="pipe", mix="web"))
    for name in ("pipe", "pipe.toml", "pipe.py", "pipe.gz"):
        os.mkfifo(tmp_path / name)

    assert code_of(line.split()) == 2

    said = capsys.readouterr().err
    assert "pipe" in said
    assert "; give" in said


FOLDER_FOR_A_FILE = [line.replace("pipe", "made") for line in PIPES if "ends" not in line]


@pytest.mark.parametrize("line", FOLDER_FOR_A_FILE)
def test_a_folder_is_no_file(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.pem").write_bytes(CHAIN.read_bytes())
    for name in ("made", "made.toml", "made.py", "made.gz"):
        (tmp_path / name).mkdir()

    assert code_of(line.split()) == 2

    said = capsys.readouterr().err
    assert "made" in said
    assert "is a folder" in said
