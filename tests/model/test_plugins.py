"""Policies and detectors of other distributions: by entry point, loaded late, never silent."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

GREEDY = '''"""Greedy: everything at once, after one look."""
from dataclasses import dataclass
from typing import ClassVar
from simcert.model import Channel, Decision, View

@dataclass(frozen=True, slots=True)
class Greedy:
    tags: ClassVar[frozenset[str]] = frozenset()
    first: float = 0.2
    def channels(self) -> tuple[Channel, ...]:
        return (Channel("mine", "shy"),)
    def decide(self, view: View) -> Decision:
        said = view.assessment.reading("mine")
        if view.exposure == 0.0: return view.move(self.first, "a first look")
        if not said.n: return view.hold("nothing seen")
        return view.complete("seen enough") if view.exposure == 1.0 else view.move(1.0, "all")
'''
SHY = '''"""Shy: counts units and says nothing."""
from dataclasses import dataclass
from simcert.detect import Stateful
from simcert.model import Reading, Verdict, Window

@dataclass(slots=True)
class Shy(Stateful):
    n: int = 0
    @property
    def log_e(self) -> float: return 0.0
    def update(self, window: Window) -> None: self.n += window.tally().n_new
    def reading(self) -> Reading: return Reading(Verdict.PASS, n=self.n) if self.n else Reading()
'''


def distribution(folder: Path, name: str, entries: str, **files: str) -> None:
    """Lay out what an installer leaves behind: modules, and a .dist-info beside them."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entries)
    for stem, text in files.items():
        (folder / f"{stem}.py").write_text(text)


def simcert(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    call = [sys.executable, "-c", "from simcert.cli.main import main; main()", *words]
    env = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(call, cwd=folder, env=env, capture_output=True, text=True, check=False)


BOTH = """[simcert.policies]
greedy = greedy_policy:Greedy
[simcert.detectors]
shy = shy_detector:Shy
"""


@pytest.mark.slow
def test_a_plugin_flies_in_workers_is_judged_and_replays(tmp_path: Path) -> None:
    distribution(tmp_path, "greedy-policy", BOTH, greedy_policy=GREEDY, shy_detector=SHY)

    judged = simcert(tmp_path, "check", "greedy")
    detector = simcert(tmp_path, "check", "shy")
    named = ("--policy", "greedy:first=0.5")
    flown = simcert(
        tmp_path, "compare", "same_ca", *named, "--runs", "2", "--jobs", "2", "--out", "out"
    )  # fmt: skip
    once = simcert(tmp_path, "run", "same_ca", *named, "--out", "one")
    again = simcert(tmp_path, "replay", "one/journal.jsonl")

    assert "FAIL  a_total_break_never_goes_out" in judged.stdout, judged.stderr
    assert detector.returncode == 0, detector.stdout + detector.stderr
    assert flown.returncode == 0, flown.stderr
    assert "greedy:first=0.5" in flown.stdout
    assert once.returncode == 0, once.stderr
    assert again.returncode == 0, again.stderr
    assert again.stdout.startswith("greedy: all ")


DIGESTS = """
from simcert.lab.setup import prepare
from simcert.scenario import policies
from simcert.scenario.validation import policy_digest
print(policy_digest(policies.parse("greedy")), prepare("same_ca", "greedy").identity())
"""


def test_a_validation_is_bound_to_the_detectors_of_others_too(tmp_path: Path) -> None:
    """Their code decides as much as the policy's; the package's own digest holds neither."""
    distribution(tmp_path, "greedy-policy", BOTH, greedy_policy=GREEDY, shy_detector=SHY)
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}

    def bound() -> tuple[str, ...]:
        call = [sys.executable, "-c", DIGESTS]
        return tuple(subprocess.check_output(call, env=env, text=True).split(" ", 1))

    first = bound()
    changed = []
    for name in ("shy_detector.py", "greedy_policy.py"):
        with (tmp_path / name).open("a") as file:
            file.write("# another version\n")
        changed.append(bound())

    digests, identities = zip(first, *changed, strict=True)
    assert len({*digests}) == 3
    assert len({*identities}) == 3


@pytest.mark.parametrize(
    ("entries", "files", "said"),
    [
        ("adaptive = mine:X", {}, 'policy "adaptive" is offered by simcert itself and by '),
        ("mine = no_such_module:X", {}, "cannot be imported: ModuleNotFoundError"),
        ("mine = m:f", {"m": "f = 1"}, "m:f is no class"),
        ("mine = m:C", {"m": "class C: ..."}, "m:C is no dataclass"),
        ("mine = m:C", {"m": "raise SystemExit(0)"}, "cannot be imported: SystemExit(0)"),
    ],
)
def test_a_clash_or_a_broken_plugin_names_its_distribution(
    tmp_path: Path, entries: str, files: dict[str, str], said: str
) -> None:
    distribution(tmp_path, "their-policy", f"[simcert.policies]\n{entries}\n", **files)

    done = simcert(tmp_path, "run", "same_ca", "--policy", entries.partition(" ")[0])

    assert done.returncode == 3, done.stderr
    assert said in done.stderr
    assert "distribution their-policy 1.0" in done.stderr


def test_a_broken_plugin_troubles_nobody_who_does_not_ask_for_it(tmp_path: Path) -> None:
    distribution(tmp_path, "their-policy", "[simcert.policies]\nmine = no_such_module:X\n")

    done = simcert(tmp_path, "run", "same_ca", "--policy", "adaptiv")

    assert done.returncode == 2
    assert 'did you mean "adaptive"' in done.stderr
