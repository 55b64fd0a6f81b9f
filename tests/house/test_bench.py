"""Every benchmark tells what it is when it is asked, and measures nothing then."""

import ast
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
STARTED = sorted(
    path for path in BENCH.rglob("[!_]*.py") if '\nif __name__ == "__main__":' in path.read_text()
)


@pytest.mark.parametrize("path", STARTED, ids=lambda path: path.relative_to(BENCH).as_posix())
def test_a_benchmark_reads_its_command_line_before_it_starts(path: Path) -> None:
    """Read, not run: each would import half of the house for a line of help."""
    tree = ast.parse(path.read_text())
    block = next(one for one in reversed(tree.body) if isinstance(one, ast.If))
    said = ast.unparse(block)
    main = [one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == "main"]
    begins = "\n".join(ast.unparse(one) for each in main for one in each.body[:3])

    assert any(word in said or word in begins for word in ("asked(", "ArgumentParser("))
