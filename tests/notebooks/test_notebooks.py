"""Every notebook runs from the first cell to the last, and is committed without outputs."""

import re
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
FIGURES = {"evidence": 4}  # a fixed limit, peeking and drift, the e-process, harm against time


def is_figure(output: Any) -> bool:
    return any(kind.startswith("image/") for kind in output.get("data", {}))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_no_output_is_committed(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells

    assert all(not c.outputs and c.execution_count is None for c in cells if c.cell_type == "code")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_runs_to_its_last_cell(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    shown_s: list[float] = []
    started = time.monotonic()

    def note(cell: Any, **_: Any) -> None:
        if any(map(is_figure, cell.get("outputs", []))):
            shown_s.append(time.monotonic() - started)

    client = NotebookClient(
        notebook,
        timeout=120,
        resources={"metadata": {"path": str(FOLDER)}},
        on_cell_executed=lambda cell, **rest: note(cell, **rest),
    )
    client.execute()

    assert len(shown_s) >= FIGURES.get(path.stem, 2)  # one rollout, and harm against time
    assert shown_s[0] < 20.0  # 10 s on an idle machine, and twice that on a busy one
    assert time.monotonic() - started < 120.0


def test_the_story_of_the_evidence_flies_every_rival() -> None:
    (cell,) = [
        one.source
        for one in nbformat.read(FOLDER / "evidence.ipynb", as_version=4).cells
        if one.cell_type == "code" and "simcert.compare" in one.source
    ]
    flown = set(re.findall(r'"([a-z_0-9]+)[:"]', cell))
    rivals = {"flagger", "argo", "kayenta", "iter8", "sprt_risk", "risk_of_ruin", "oracle"}
    schedules = {"fixed_linear", "fixed_canary", "fixed_exponential"}

    assert flown >= {"adaptive"} | rivals | schedules


def test_sliders_without_their_extra_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = nbformat.read(FOLDER / "threshold_exploration.ipynb", as_version=4).cells
    (sliders,) = [c.source for c in cells if "interactive_output" in c.source]
    monkeypatch.setitem(sys.modules, "ipywidgets", None)

    exec(compile(sliders, "sliders", "exec"), {})

    assert "pip install 'simcert[notebook]'" in capsys.readouterr().out
