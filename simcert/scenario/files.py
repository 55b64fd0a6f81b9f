"""TOML files that users give: read once, and every failure told with its path."""

import os
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from simcert.errors import InputError, UnknownNameError
from simcert.model import given
from simcert.scenario.lines import LineFinder

TOML_MAX = 1_000_000  # bytes; ours are a hundredth of it


def read_toml(path: Path) -> dict[str, Any]:
    """Return the table of a file; InputError if it is absent, unreadable or no TOML."""
    return parsed(path)[0]


def parsed(path: Path) -> tuple[dict[str, Any], LineFinder]:
    """Return the table of a file and where its keys stand."""
    begin = "`simcert init DIR` makes files to begin with"
    content = given.read(path, TOML_MAX, "give a TOML file" if path.exists() else begin)
    try:
        said = content.decode("utf-8")
        return tomllib.loads(said), LineFinder.scan(said)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not TOML: {error}; save it as UTF-8") from error
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a ValueError, too
        what = "is PEM, not TOML" if "-----BEGIN " in said else f"is not TOML: {error}"
        raise InputError(f"{path}: {what}") from error


def path_of(what: str, given: object) -> Path:
    """Return the path; InputError if it is none, as `None` of a forgotten argument."""
    if not isinstance(given, str | os.PathLike):
        raise InputError(f"{what} is given by its name or path, not by {given!r:.60}")
    return Path(given)


def no_such(kind: str, name: str, known: Iterable[str], endings: str) -> InputError:
    """Return what is wrong with a name that is none of the known ones.

    Where a file or folder has that name, it was meant: the error is about it, not about spelling.
    """
    if not name:
        return InputError(f"a name is empty; give a {kind}'s name or its file ({endings})")
    with suppress(OSError, ValueError):  # what is too long for a path, or none at all, is no file
        if Path(name).is_dir():
            folder = given.shown(name)
            return InputError(
                f"{folder}: is a folder; give a {kind}'s name or its file ({endings})"
            )
        if Path(name).exists():
            return InputError(f"{name}: is no {kind} file by its ending; it has to be {endings}")
    return UnknownNameError(kind, name, known)
