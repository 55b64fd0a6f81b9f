"""What makes this house a house: sizes, the one loader, blind policies, pinned versions."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from statistics import median, quantiles

import pytest

import simcert

HOME = Path(simcert.__file__).parent
ROOT = HOME.parent
FILES = sorted(HOME.rglob("*.py"))
LOADERS = {HOME / "model" / "discovery.py", HOME / "__init__.py"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> list[int]:
    """Return the code lines of each function of a file, docstring and signature apart."""
    tree = ast.parse(path.read_text())
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = [n for n in node.body if not _is_docstring(n)]
            last = body[-1].end_lineno if body else None
            lines.append(last - body[0].lineno + 1 if last is not None else 0)
    return lines


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_can_be_read_in_one_sitting(path: Path) -> None:
    text = path.read_text()

    assert len(text.splitlines()) <= 400
    assert ast.get_docstring(ast.parse(text)), "the first line says the law or the duty"


def test_functions_are_small() -> None:
    sizes = [size for path in FILES for size in functions(path)]

    assert median(sizes) <= 6
    assert quantiles(sizes, n=10)[-1] <= 20
    assert max(sizes) <= 60


@pytest.mark.parametrize("path", [p for p in FILES if p not in LOADERS], ids=name_of)
def test_there_is_one_loader(path: Path) -> None:
    text = path.read_text()

    assert not re.search(
        r"^\s*(import|from) importlib(?!\.metadata|\.resources| import)", text, re.M
    )
    assert not re.search(r"^\s*from importlib import (?!metadata|resources)", text, re.M)
    assert "__import__(" not in text


@pytest.mark.parametrize("package", ["policy", "detect", "control"])
def test_nothing_that_decides_can_see_the_world(package: str) -> None:
    probe = (
        "import sys, pkgutil, importlib\n"
        f"import simcert.{package} as package\n"
        "for found in pkgutil.iter_modules(package.__path__):\n"
        f"    importlib.import_module('simcert.{package}.' + found.name)\n"
        "seen = {m for m in sys.modules if m.startswith(('simcert.world', 'simcert.sim'))}\n"
        "sys.exit(f'imported {seen}' if seen else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


def test_versions_are_pinned_and_no_address_is_told() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()

    assert len(lines) > 50
    for line in lines:
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.+!]*", line), line


def test_public_names_are_those_of_the_contract() -> None:
    assert dir(simcert) == ["__version__", "compare", "load_scenario", "run"]
    for name in dir(simcert):
        assert getattr(simcert, name) is not None
    with pytest.raises(AttributeError):
        simcert.nothing  # noqa: B018


def test_imports_run_one_way() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout
