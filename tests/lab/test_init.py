"""Every file that `simcert init` leaves behind runs as it is."""

import io
import json
import re
import shlex
import subprocess
import sys
import tomllib
from contextlib import redirect_stdout
from pathlib import Path

import jsonschema
import nbformat
import pytest
from nbclient import NotebookClient

from simcert.cli.main import code_of
from simcert.lab.init import CHAINS, FILES
from simcert.scenario import load_scenario

ROOT = Path(__file__).parents[2]
RUN = "import sys; from simcert.cli.main import main; main(sys.argv[1:])"
ANSWERS_NO = "run scenarios/new_root.toml"  # the one command whose answer is "no"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("init") / "ours"
    said = io.StringIO()
    with redirect_stdout(said):
        assert code_of(["init", str(folder), "--quiet", "--json"]) == 0
    written = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert written > {*FILES, *CHAINS}
    told = {
        Path(one).relative_to(folder).as_posix() for one in json.loads(said.getvalue())["files"]
    }
    assert told == written, "nothing is left behind untold, least of all a key"
    return folder


def simcert(project: Path, words: list[str]) -> "subprocess.CompletedProcess[str]":
    call = [sys.executable, "-c", RUN, *words]
    return subprocess.run(call, cwd=project, capture_output=True, text=True)


def readme_commands() -> list[str]:
    text = (ROOT / "simcert/lab/scaffold/readme.md").read_text()
    (block,) = re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)
    lines = (line.partition(" #")[0].strip() for line in block.replace("\\\n", " ").splitlines())
    return [line.removeprefix("simcert ") for line in lines if line]


def workflow_commands() -> list[str]:
    text = (ROOT / "simcert/lab/scaffold/workflow.yml").read_text()
    return re.findall(r"^ +- run: simcert (.+)$", text, re.M)


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", sorted({*readme_commands(), *workflow_commands()} - {"regress"})
)
def test_every_command_of_readme_and_workflow_works(project: Path, command: str) -> None:
    done = simcert(project, shlex.split(command))

    assert done.returncode == (1 if command == ANSWERS_NO else 0), done.stderr
    assert done.stdout


def test_the_workflow_installs_and_gates() -> None:
    text = (ROOT / "simcert/lab/scaffold/workflow.yml").read_text()
    shown = (ROOT / "docs/regress.md").read_text()

    assert workflow_commands()[-1].startswith("regress")
    assert "      - run: pip install simcert\n" in text
    assert text in shown
    assert json.dumps(sorted(re.findall(r"uses: (\S+)", text))).count("@v") == 3


@pytest.mark.parametrize("name", ["renewal", "new_root"])
def test_scenarios_are_valid_and_meet_what_they_expect(project: Path, name: str) -> None:
    import simcert as package

    scenario = load_scenario(project / "scenarios" / f"{name}.toml")
    result = package.run(scenario, policy=project / "policies" / "ours.toml", seed=3)

    assert result.failed == []


@pytest.mark.parametrize(
    "file",
    [name for name in FILES if name.endswith(".toml")],
)
def test_every_file_has_a_schema_that_it_keeps(project: Path, file: str) -> None:
    text = (project / file).read_text()
    schema = (project / file).parent / text.splitlines()[0].removeprefix("#:schema ")
    value = json.loads(json.dumps(tomllib.loads(text), default=lambda when: when.isoformat()))

    jsonschema.Draft7Validator(json.loads(schema.read_text())).validate(value)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_notebook_runs(project: Path) -> None:
    notebook = nbformat.read(project / "notebooks" / "explore.ipynb", as_version=4)
    place = {"metadata": {"path": str(project / "notebooks")}}

    NotebookClient(notebook, timeout=120, resources=place).execute()

    outputs = [one for cell in notebook.cells for one in cell.get("outputs", [])]
    assert sum("image/png" in one.get("data", {}) for one in outputs) >= 2


def test_keys_are_private_and_never_committed(project: Path) -> None:
    for path in (project / "live").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
    assert "live/\n" in (project / ".gitignore").read_text()
    assert not [
        p for p in project.rglob("*.pem") if "KEY" in p.read_text() and "live" not in p.parts
    ]


def test_what_is_there_is_never_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "README.md").write_text("mine")

    assert code_of(["init", str(tmp_path)]) == 2
    assert "is not empty (there is README.md)" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["README.md"]
    assert code_of(["init", str(tmp_path / "README.md")]) == 2
    assert "is a file" in capsys.readouterr().err
    assert code_of(["init", "/proc/simcert/here"]) == 3


def test_schemas_come_alone_and_replace_none_of_mine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.toml").write_text("")

    assert code_of(["init", str(tmp_path), "--schemas", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["files"]) == 4
    assert code_of(["init", str(tmp_path), "--schemas"]) == 0
    (tmp_path / "schemas" / "live.json").write_text('{"mine": 1}')
    assert code_of(["init", str(tmp_path), "--schemas"]) == 2
    assert "no schema of simcert" in capsys.readouterr().err
