"""Where a regression leaves its reports; GitHub's step summary by the variable that names it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from simcert.errors import MachineError
from simcert.lab.regress.words import junit, markdown

if TYPE_CHECKING:
    from simcert.lab.regress.gate import Regression

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"


def leave(found: "Regression", junit_file: str | None, summary_file: str | None) -> None:
    """Write the reports asked for; the step summary is appended to, as others write there too."""
    if junit_file is not None:
        _write(Path(junit_file), junit(found), "w")
    if summary_file is not None:
        _write(Path(summary_file), markdown(found), "w")
    if place := os.environ.get(STEP_SUMMARY):
        _write(Path(place), markdown(found), "a")


def _write(path: Path, text: str, mode: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(mode, encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise MachineError(f"{path}: cannot be written: {error.strerror}") from error
