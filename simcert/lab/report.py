"""`report`: a result folder as one HTML page that needs no network; the verdict in words first."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcert.lab.folder import ResultFolder
from simcert.lab.report_read import RunFolder, StudyFolder, read
from simcert.lab.report_run import run_figures, run_page
from simcert.lab.report_study import study_figures, study_page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "report.html"


def write(path: str | Path, figures: str | Path | None = None) -> Path:
    """Write `report.html` into a result folder, and return its path; the same bytes each time.

    With `figures`, a folder, each figure is left there as SVG and PNG too. InputError if the folder
    holds no finished, undamaged results; MachineError if it cannot be written.
    """
    place = Path(path)
    found = read(place)
    text = run_page(found) if isinstance(found, RunFolder) else study_page(found)
    ResultFolder(place).write(NAME, text)
    if figures is not None:
        _save(_figures(found), Path(figures))
    return place / NAME


def _figures(found: RunFolder | StudyFolder) -> Mapping[str, "Figure"]:
    return run_figures(found) if isinstance(found, RunFolder) else study_figures(found)


def _save(figures: Mapping[str, "Figure"], folder: Path) -> None:
    from simcert.lab.figures_style import save

    for name, figure in figures.items():
        save(figure, folder, name)


def to_dict(path: Path) -> dict[str, Any]:
    """Return what `simcert report --json` prints."""
    return {"out": str(path)}
