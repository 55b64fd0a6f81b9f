"""Every example that `--help` shows is run, in a folder that holds what it names."""

import datetime as dt
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

import simcert
from simcert.cli.main import cli, code_of
from simcert.lab.init import _bundles
from simcert.lab.tune.space import space
from simcert.scenario import load_scenario, policies
from tests.cli.typed import RUN, logged, on_path

ROOT = Path(__file__).parents[2]
CODES = {
    "simcert live live.toml --unvalidated": 3,  # no HAProxy runs here; tests/live flies it
    "simcert live status live.toml": 3,
    "simcert live abort live.toml": 3,
    "simcert live node live.toml --name edge1": 2,  # this configuration has no [redis]
    "simcert check greedy": 2,  # no distribution with that plugin is installed
}
"""Examples that need what a test of a command line has not, and how they say so."""
SAME_AGAIN = ("simcert regress", "simcert run same_ca")  # others of their lines do that and more
HEAVY = ("init", "tune", "validate")  # their own tests run them, on fewer days
CONTEXT = click.Context(cli)


COMMANDS = {name: cli.get_command(CONTEXT, name) for name in cli.list_commands(CONTEXT)}


def examples(command: click.Command) -> list[str]:
    """Return the example lines of a command and of its sub-commands, each once."""
    leaves = command.commands.values() if isinstance(command, click.Group) else []
    texts = [text or "" for one in (command, *leaves) for text in (one.epilog, one.help)]
    lines = (line.strip() for text in texts for line in text.splitlines())
    return [*dict.fromkeys(line.partition(" #")[0].strip() for line in lines
                           if line.startswith("simcert ") and "CONFIG" not in line)]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all that the examples name, and a `simcert` that is this checkout."""
    on_path(tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)
    chains, scaffold = ROOT / "scenarios" / "chains", ROOT / "simcert/lab/scaffold"
    copies = {
        "old.pem": chains / "le_cross_signed_2021.pem",
        "new.pem": chains / "le_x1_signed.pem",
        "my_policy.py": scaffold / "doubling.py",
        "live.toml": scaffold / "live.toml",
        "policies/ours.toml": scaffold / "ours.toml",
    }
    for name, source in copies.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(source.read_bytes())
    guide = (ROOT / "docs" / "add-a-detector.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", guide, re.M | re.S)
    (tmp_path / "my_detector.py").write_text(blocks[0])
    _bundles(tmp_path / "live", dt.datetime.now(dt.UTC))
    (tmp_path / "haproxy.log").write_text(logged("curl") * 30)
    code_of(["population", "import", "haproxy.log", "--out", "mine.toml"])
    simcert.run("same_ca_mobile", out="results/run-same_ca-adaptive-0")
    simcert.compare(
        "same_ca_mobile", ["fixed_canary", "oracle"], runs=2, jobs=1, out="results/demo"
    )
    return tmp_path


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example(name: str) -> None:
    assert examples(COMMANDS[name]), name


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in HEAVY])
def test_the_examples_in_help_work(name: str, folder: Path) -> None:
    for line in examples(COMMANDS[name]):
        if line in SAME_AGAIN:
            continue
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)

        wanted = {CODES[line]} if line in CODES else {0, 1}
        assert done.returncode in wanted, (line, done.stderr)
        assert "Traceback" not in done.stderr, line
        assert ("simcert: " in done.stderr) == (line in CODES), (line, done.stderr)


@pytest.mark.parametrize("name", HEAVY)
def test_heavy_examples_are_at_least_understood(name: str) -> None:
    """Names, options and ranges exist; what they fly is in the command's own tests."""
    for line in examples(COMMANDS[name]):
        words = shlex.split(line)[2:]
        given = COMMANDS[name].make_context(name, words, parent=CONTEXT).params
        for scenario in given.get("scenarios", ()):
            load_scenario(scenario)
        if policy := given.get("policy"):
            policy = policies.parse(ROOT / policy if policy.endswith(".toml") else policy)
        if name == "tune":
            assert len(space(policy, given["params"])) >= len(given["params"])


def test_a_group_shows_its_codes() -> None:
    done = subprocess.run([sys.executable, "-c", RUN, "--help"], capture_output=True, text=True)

    assert "Exit codes" in done.stdout
