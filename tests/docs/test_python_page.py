"""`docs/python.md` is true: every example runs, every public name of the lab stands on it."""

import re
from pathlib import Path

import matplotlib.figure
import pandas as pd
import pytest

import simcert
import simcert.checks
import simcert.lab

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "python.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)


@pytest.fixture(scope="module")
def names() -> dict[str, object]:
    """Run all examples as one script, in the folder of the repository."""
    scope: dict[str, object] = {"__name__": "page"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        for block in BLOCKS:
            exec(compile(block, "docs/python.md", "exec"), scope)
    return scope


def test_the_examples_run_and_show_what_they_say(names: dict[str, object]) -> None:
    assert names["result"].end == "rolled_back"  # type: ignore[attr-defined]
    assert names["again"].policy == "adaptive"  # type: ignore[attr-defined]
    assert names["outcome"].client_ok is True  # type: ignore[attr-defined]
    regions = [names[name].log_e for name in ("europe", "america", "both")]
    assert regions == pytest.approx([2.0, 3.2, 6.5], abs=0.05)


@pytest.mark.parametrize("name", [*simcert.lab.__all__, *simcert.checks.__all__])
def test_every_public_name_stands_on_the_page(name: str) -> None:
    if name in ("Judged", "Result", "peer_case"):
        return  # values that calls return, and the yardstick of rivals
    assert re.search(rf"\b{name}\b", PAGE), name


@pytest.mark.parametrize("kind", ["result", "study", "told", "web", "flown", "again"])
def test_results_are_shown_escaped_and_without_script(kind: str, names: dict[str, object]) -> None:
    shown = names[kind]._repr_html_()  # type: ignore[attr-defined]

    assert shown.startswith("<")
    assert not re.search(r"<script|javascript:|\son\w+=", shown, re.I)
    assert len(repr(names[kind])) < 400


@pytest.mark.parametrize("kind", ["result", "study", "told", "web", "flown", "again"])
def test_tables_are_tidy_and_figures_need_no_pyplot(kind: str, names: dict[str, object]) -> None:
    value = names[kind]
    parts = [name for name in dir(value) if name[0] != "_"]
    tables = [getattr(value, name) for name in parts]
    for table in [one for one in tables if isinstance(one, pd.DataFrame)]:
        assert list(table.index) == [*range(len(table))]
        assert not table.columns.duplicated().any()
    for plot in [getattr(value, name) for name in parts if name.startswith("plot")]:
        assert isinstance(plot(), matplotlib.figure.Figure)


def test_a_hostile_name_stays_text(names: dict[str, object]) -> None:
    from dataclasses import replace

    told = replace(names["told"], population='<img src=x onerror="alert(1)">')  # type: ignore[type-var]

    assert "<img" not in told._repr_html_()  # type: ignore[attr-defined]
