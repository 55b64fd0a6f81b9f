"""The plugin as its users have it: a project of theirs, in a pytest of its own."""

import os
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

TESTS = """
import pytest

@pytest.mark.simcert(scenarios=["android_root_missing"], policies=["adaptive", "mine.toml"], runs=3)
def test_unchanged(simcert_case):
    simcert_case.assert_unchanged()
    assert simcert_case.run(seed=2).end == "rolled_back"

def test_a_day(simcert_run):
    day = simcert_run("android_root_missing", seed=3)
    assert simcert_run("android_root_missing", seed=3) is day
"""
POLICY = 'policy = "adaptive"\nalpha_bound = {}\n'


def pytest_in(
    folder: Path, *arguments: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    call = [sys.executable, "-m", "pytest", "-q", "-p", "simcert.cli._pytest_plugin",
            "--strict-markers", *arguments]  # fmt: skip
    own = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "CI"))}
    own |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environment}
    return subprocess.run(call, cwd=folder, env=own, capture_output=True, text=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "test_policy.py").write_text(TESTS)
    (tmp_path / "mine.toml").write_text(POLICY.format(0.002))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def test_a_baseline_is_asked_for_recorded_and_kept(project: Path) -> None:
    first = pytest_in(project)
    assert first.returncode == 1
    assert "pytest --simcert-update` records it" in first.stdout
    assert "2 failed, 1 passed" in first.stdout

    refused = pytest_in(project, "--simcert-update", CI="true")
    assert refused.returncode == 4
    assert "refused, CI is set" in refused.stderr + refused.stdout
    assert not (project / "simcert-baseline").exists()

    assert pytest_in(project, "--simcert-update").returncode == 0
    assert len([*(project / "simcert-baseline").iterdir()]) == 2
    assert pytest_in(project).returncode == 0

    (project / "mine.toml").write_text(POLICY.format(0.02))
    changed = pytest_in(project)
    assert changed.returncode == 1
    assert "1 failed, 2 passed" in changed.stdout
    assert "decisions part at tick" in changed.stdout


@pytest.mark.parametrize(
    ("mark", "hint"),
    [
        ("", "simcert_case needs @pytest.mark.simcert"),
        ('@pytest.mark.simcert(scenario=["same_ca"])', 'unknown key "scenario"'),
        ("@pytest.mark.simcert('same_ca')", "takes keywords only"),
        ("@pytest.mark.simcert(scenarios='same_ca')", "must be a list"),
        ('@pytest.mark.simcert(scenarios=["same_c"])', 'did you mean "same_ca"?'),
    ],
)
def test_a_wrong_mark_is_told(tmp_path: Path, mark: str, hint: str) -> None:
    text = f"import pytest\n\n{mark}\ndef test_it(simcert_case):\n    simcert_case.judged()\n"
    (tmp_path / "test_it.py").write_text(text)

    done = pytest_in(tmp_path, "-c", os.devnull, f"--rootdir={tmp_path}")

    assert done.returncode != 0
    assert hint in done.stdout + done.stderr


def test_pytest_finds_the_plugin_by_its_entry_point() -> None:
    root = Path(__file__).parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]

    plugin = import_module(project["entry-points"]["pytest11"]["simcert"])

    assert hasattr(plugin, "pytest_addoption")


def test_the_plugin_costs_a_session_nothing() -> None:
    probe = (
        "import sys, simcert.cli._pytest_plugin; "
        "sys.exit(str({'numpy', 'pandas', 'scipy'} & set(sys.modules) or ''))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)

    assert done.stderr == "\n"
