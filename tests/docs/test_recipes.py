"""The README's five recipes run as they stand, one after the other, with fewer days."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.cli.typed import logged, on_path

ROOT = Path(__file__).parents[2]
RECIPES = re.split(
    r"^### ", (ROOT / "README.md").read_text().partition("## Further on")[0], flags=re.M
)[1:]
BLOCK = re.compile(r"^```(?:sh|console)\n(.*?)^```", re.M | re.S)
CODES = {"simcert run android_root_missing --seed 7": 1}
"""A right rollback is a "no"."""
ELSEWHERE = {"simcert regress"}
"""tests/lab/test_init.py runs it in the same project; here `--update` flies the same days."""


def commands(recipe: str) -> list[str]:
    """Return what a reader would type."""
    text = "".join(BLOCK.findall(recipe)).replace("\\\n", " ")
    lines = (line.removeprefix("$ ").partition(" #")[0].strip() for line in text.splitlines())
    return [line for line in lines if line.startswith(("simcert ", "cd "))]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the recipes name, and a `simcert` that is this checkout."""
    on_path(tmp_path, monkeypatch)
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    (tmp_path / "haproxy.log").write_text(logged("curl") * 30)
    return tmp_path


def test_there_are_five() -> None:
    assert [one.partition(".")[0] for one in RECIPES] == ["1", "2", "3", "4", "5"]
    assert all(map(commands, RECIPES))


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES, ids=[one.splitlines()[0] for one in RECIPES])
def test_a_recipe_works(recipe: str, folder: Path) -> None:
    place = folder
    for line in commands(recipe):
        if line.startswith("cd "):
            place /= line.removeprefix("cd ")
            continue
        if line in ELSEWHERE:
            continue
        fewer = re.sub(r"--runs \d+", "--runs 2", line)
        done = subprocess.run(["bash", "-c", fewer], cwd=place, capture_output=True, text=True)

        assert done.returncode == CODES.get(line, 0), (line, done.stderr)
        assert "Traceback" not in done.stderr, line
        assert done.stdout.strip(), line
