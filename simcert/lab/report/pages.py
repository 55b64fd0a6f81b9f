"""`report`: a result folder as one HTML page that needs no network; the verdict in words first."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcert.lab import outputs
from simcert.lab.finished import Folder, RunFolder, StudyFolder, TuneFolder, read
from simcert.lab.folder import ResultFolder
from simcert.lab.report.run import run_figures, run_page
from simcert.lab.report.study import study_figures, study_page
from simcert.lab.report.tune import tune_figures, tune_page
from simcert.lab.report.validation import validation_figures, validation_page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "report.html"


def write(path: str | Path, figures: str | Path | None = None) -> Path:
    """Write `report.html` into a result folder, and return its path; the same bytes each time.

    With `figures`, a folder, each figure is left there as SVG and PNG too. InputError if the folder
    holds no finished, undamaged results; MachineError if it cannot be written.
    """
    place = Path(path)
    if figures is not None:
        outputs.folder_for("--figures", figures)
    found = read(place)
    ResultFolder(place).write(NAME, _page(found))
    if figures is not None:
        _save(_figures(found), Path(figures))
    return place / NAME


def _page(found: Folder) -> str:
    if isinstance(found, RunFolder):
        return run_page(found)
    if isinstance(found, StudyFolder):
        return study_page(found)
    return tune_page(found) if isinstance(found, TuneFolder) else validation_page(found)


def _figures(found: Folder) -> Mapping[str, "Figure"]:
    if isinstance(found, RunFolder):
        return run_figures(found)
    if isinstance(found, StudyFolder):
        return study_figures(found)
    return tune_figures(found) if isinstance(found, TuneFolder) else validation_figures(found)


def _save(figures: Mapping[str, "Figure"], folder: Path) -> None:
    from simcert.lab.figures.style import save

    for name, figure in figures.items():
        save(figure, folder, name)


def to_dict(path: Path) -> dict[str, Any]:
    """Return what `simcert report --json` prints."""
    return {"out": str(path)}
