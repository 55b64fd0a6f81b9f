"""TOML files that users give: read once, and every failure told with its path."""

import tomllib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from simcert.errors import InputError, UnknownNameError
from simcert.scenario.lines import LineFinder


def read_toml(path: Path) -> dict[str, Any]:
    """Return the table of a file; InputError if it is absent, unreadable or no TOML."""
    return parsed(path)[0]


def parsed(path: Path) -> tuple[dict[str, Any], LineFinder]:
    """Return the table of a file and where its keys stand."""
    try:
        text = path.read_text(encoding="utf-8")
        return tomllib.loads(text), LineFinder.scan(text)
    except OSError as error:
        way_out = "; `simcert init DIR` makes files to begin with" if not path.exists() else ""
        raise InputError(f"{path}: cannot be read: {error.strerror}{way_out}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not TOML: {error}; save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: is not TOML: {error}") from error


def no_such(kind: str, name: str, known: Iterable[str], endings: str) -> InputError:
    """Return what is wrong with a name that is none of the known ones.

    Where a file or folder has that name, it was meant: the error is about it, not about spelling.
    """
    if not name:
        return InputError(f"a name is empty; give a {kind}'s name or its file ({endings})")
    with suppress(OSError, ValueError):  # what is too long for a path, or none at all, is no file
        if Path(name).is_dir():
            return InputError(f"{name}: is a folder; give a {kind}'s name or its file ({endings})")
        if Path(name).exists():
            return InputError(f"{name}: is no {kind} file by its ending; it has to be {endings}")
    return UnknownNameError(kind, name, known)
