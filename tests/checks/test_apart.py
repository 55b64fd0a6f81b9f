"""`simcert check` on code that errs, cheats, hangs or dies: a clear verdict, and it always ends."""

import json
from pathlib import Path

import pytest

from simcert.checks import judge_apart, judge_policy, policies
from simcert.cli.main import code_of
from simcert.errors import InputError
from simcert.model import Decision, View, discovery

HEAD = '''"""Somebody's policy."""
import os, random, time
from dataclasses import dataclass
from typing import ClassVar
from simcert.model import Channel, Decision, Phase, View

@dataclass(frozen=True)
class Mine:
    tags: ClassVar[frozenset[str]] = frozenset({TAGS})
    def channels(self): return ()
    def decide(self, view):
        if view.exposure >= 1.0: return view.complete("all have it")
        DO
'''
UP = 'return view.move(min(1.0, view.exposure + 0.1), "another step")'


def mine(folder: Path, do: str = UP, tags: str = "") -> str:
    path = folder / "mine.py"
    path.write_text(HEAD.replace("DO", do).replace("TAGS", tags))
    return str(path)


def failed(path: str) -> dict[str, str]:
    cls = discovery.class_in_file(Path(path))
    return {r.check: r.message for r in judge_policy(cls) if not r.passed}


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("def decide(:\n", InputError, "mine.py:1: is no Python: invalid syntax"),
        ("x = 1\n", InputError, "defines 0 public classes, needs exactly 1"),
        ("class A: ...\nclass B: ...\n", InputError, r"defines 2 public classes \(A, B\)"),
        ("class A: ...\n", InputError, "A is neither a policy .* nor a detector"),
        ("import nothing_like_it\n", InputError, "cannot be imported: ModuleNotFoundError"),
        ("import os; os._exit(0)\n", InputError, "loading it gave no answer"),
    ],
)
def test_what_is_no_policy_is_refused_with_the_reason(
    tmp_path: Path, text: str, kind: type[Exception], said: str
) -> None:
    (tmp_path / "mine.py").write_text(text)

    with pytest.raises(kind, match=said):
        judge_apart(str(tmp_path / "mine.py"))


@pytest.mark.parametrize(
    ("do", "check", "said"),
    [
        ("raise KeyError('speed')", "decision_is_legal", "KeyError('speed')"),
        ("return None", "decision_is_legal", "returned no Decision: None"),
        ("return Decision(view.exposure, 'no memory', memory={'s': {1}})", "memory_is_json", "set"),
        ("return view.hold(f'at {time.time()}')", "asks_neither_clock_nor_dice", "time.time"),
        ("return view.hold(f'{random.random()}')", "asks_neither_clock_nor_dice", "random.random"),
        ("return view.hold(str(os.stat('/')))", "asks_neither_clock_nor_dice", "posix.stat"),
        ("return Decision(0.5, 'half', 'raise')", "decision_is_legal", "no Decision"),
    ],
)
def test_what_breaks_its_duty_fails_the_check_that_says_so(
    tmp_path: Path, do: str, check: str, said: str
) -> None:
    found = failed(mine(tmp_path, do))

    (message,) = [m for name, m in found.items() if name.startswith(check)] or [None]
    assert message is not None, found
    assert said in message


def test_a_tag_that_means_nothing_is_no_tag(tmp_path: Path) -> None:
    assert "known:" in failed(mine(tmp_path, tags='"per_windows"'))["keeps_the_protocol"]


def test_a_hidden_state_shows(tmp_path: Path) -> None:
    path = mine(tmp_path, "_N.append(1); return view.hold(f'asked {len(_N)} times')")
    Path(path).write_text(Path(path).read_text() + "_N = []\n")

    assert "decides_the_same_on_the_same_view" in failed(path)


def test_a_harmless_schedule_passes_and_needs_truth_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(["check", mine(tmp_path, tags='"needs_truth"'), "--json"]) == 0

    out, err = capsys.readouterr()
    assert json.loads(out)["passed"] is True
    assert len(json.loads(out)["results"]) == len(policies_checks())
    assert "simulation only" in err


def policies_checks() -> list[str]:
    return [name for name in vars(policies) if name.startswith("check_")]


@pytest.mark.slow
@pytest.mark.parametrize("do", ["while True: pass", "os._exit(7)", "bytearray(8 << 30)"])
def test_one_that_hangs_or_dies_fails_there_and_is_judged_on(tmp_path: Path, do: str) -> None:
    lines = ("print('{}')", "if view.phase is Phase.PAUSED:", f"    {do}", UP)
    path = mine(tmp_path, f"\n{' ' * 8}".join(lines))

    judged = judge_apart(path, limit_s=6.0)

    assert [r.check for r in judged.results if not r.passed] == ["final_phases_are_left_alone"]
    assert len(judged.results) == len(policies_checks())


def test_a_detector_is_judged_as_one() -> None:
    judged = judge_apart("block_e")

    assert judged.kind == "detector"
    assert judged.passed


def test_an_unknown_name_is_met_by_the_nearest() -> None:
    with pytest.raises(InputError, match='did you mean "adaptive"'):
        judge_apart("adaptiv")


def test_the_view_alone_decides() -> None:
    """The watch sees C functions however they were imported, and lets arithmetic pass."""
    from datetime import UTC, datetime
    from time import monotonic as ticking

    from simcert.checks._watched import watched

    with watched() as called:
        sum([1.0, 2.0])
        datetime(2026, 1, 1, tzinfo=UTC).isoformat()
        View(0.0, 0.0, 0.0).hold("nothing")
        Decision(0.5, "x")
    assert not called
    with watched() as called:
        ticking()
        datetime.now(UTC)
    assert called == {"time.monotonic", "datetime.now"}
