"""Where a regression leaves its reports; GitHub's step summary by the variable that names it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from simcert.errors import MachineError
from simcert.lab import outputs
from simcert.lab.regress.words import junit, markdown

if TYPE_CHECKING:
    from simcert.lab.regress.gate import Regression

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"


def check(junit_file: str | None, summary_file: str | None) -> None:
    """Raise what `leave` would, as far as it can be told before anything flies."""
    if junit_file is not None:
        outputs.file_for("--junit", junit_file, _is_junit)
    if summary_file is not None:
        outputs.file_for("--summary", summary_file, _is_summary)


def leave(found: "Regression", junit_file: str | None, summary_file: str | None) -> None:
    """Write the reports asked for; the step summary is appended to, as others write there too."""
    if junit_file is not None:
        outputs.write("--junit", junit_file, junit(found), _is_junit)
    if summary_file is not None:
        outputs.write("--summary", summary_file, markdown(found), _is_summary)
    if place := os.environ.get(STEP_SUMMARY):
        _append(Path(place), markdown(found))


def _is_junit(head: bytes) -> bool:
    return not head or b"<testsuite" in head


def _is_summary(head: bytes) -> bool:
    return not head or head.startswith(b"### simcert regress")


def _append(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise MachineError(f"{path}: cannot be written: {error.strerror}") from error
