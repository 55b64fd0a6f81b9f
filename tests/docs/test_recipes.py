"""The README's five recipes run as they stand, one after the other, with fewer days."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from simcert.tls import catalogue

ROOT = Path(__file__).parents[2]
RECIPES = re.split(
    r"^### ", (ROOT / "README.md").read_text().partition("## Further on")[0], flags=re.M
)[1:]
BLOCK = re.compile(r"^```(?:sh|console)\n(.*?)^```", re.M | re.S)
RUN = "import sys; from simcert.cli.main import main; main(sys.argv[1:])"
HEAD = "7|1|arm_old|ok|1764000000.001|192.0.2.1|40001|5|0|0|0|TLSv1.3|TLS_AES_128_GCM_SHA256|h2"
CODES = {"simcert run android_root_missing --seed 7": 1}
"""A right rollback is a "no"."""
ELSEWHERE = {"simcert regress"}
"""tests/lab/test_init.py runs it in the same project; here `--update` flies the same days."""


def commands(recipe: str) -> list[str]:
    """Return what a reader would type."""
    text = "".join(BLOCK.findall(recipe)).replace("\\\n", " ")
    lines = (line.removeprefix("$ ").partition(" #")[0].strip() for line in text.splitlines())
    return [line for line in lines if line.startswith(("simcert ", "cd "))]


def logged() -> str:
    """Return a line that HAProxy writes of a client that the catalogue knows."""
    hello = catalogue()["curl"].hello
    lists = (
        hello.suites,
        hello.extensions,
        hello.groups or (),
        hello.sigalgs or (),
        (0x304, 0x303),
    )
    return f'v2|{HEAD}|{"|".join("".join(f"{c:04X}" for c in one) for one in lists)}|"a.example"\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the recipes name, and a `simcert` that is this checkout."""
    script = tmp_path / "bin" / "simcert"
    script.parent.mkdir()
    script.write_text(f"#!{sys.executable}\n{RUN}\n")
    script.chmod(0o755)
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    (tmp_path / "haproxy.log").write_text(logged() * 30)
    monkeypatch.setenv("PATH", str(script.parent), prepend=os.pathsep)
    monkeypatch.delenv("CI", raising=False)
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
