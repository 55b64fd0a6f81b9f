"""A file or folder that an option names for output: one rule for all of them.

The folders above it are made. What is a folder (or a file), or lies below a file, is bad input and
said before anything flies; so is a file that is there and not of the same kind: nothing of a user's
is overwritten. What the machine refuses is the machine's. A file appears whole or not at all.
"""

from collections.abc import Callable
from pathlib import Path

from simcert.errors import InputError, MachineError

Kind = Callable[[bytes], bool]  # whether a file that begins so may be replaced
HEAD_BYTES = 10_000


def file_for(option: str, path: str | Path, kind: Kind | None = None) -> Path:
    """Return the path if a file may be written there; without `kind` only a new one."""
    place = Path(path)
    if place.is_dir():
        raise InputError(f"{option} {place}: is a folder; give another name")
    _refuse_below_a_file(option, place)
    if not place.is_file():
        return place  # new, or a device or pipe, which takes whatever comes
    if kind is None:
        raise InputError(f"{option} {place}: exists; name a new file, nothing is overwritten")
    if not kind(_head(option, place)):
        raise InputError(f"{option} {place}: exists and is something else; give another name")
    return place


def folder_for(option: str, path: str | Path) -> Path:
    """Return the path if it may be a folder: it is none yet, or it is one."""
    place = Path(path)
    if place.exists() and not place.is_dir():
        raise InputError(f"{option} {place}: is a file; name a folder".lstrip())
    _refuse_below_a_file(option, place)
    return place


def write(option: str, path: str | Path, text: str, kind: Kind | None = None) -> None:
    """Write a file; InputError if it must not be there, MachineError if it cannot be."""
    place = file_for(option, path, kind)
    special = place.exists() and not place.is_file()
    part = place if special else place.with_name(f".{place.name}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8", newline="\n")
        if not special:
            part.replace(place)
    except OSError as error:
        if not special and part.parent.is_dir():
            part.unlink(missing_ok=True)
        raise MachineError(f"{option} {place}: cannot be written: {error.strerror}") from error


def _refuse_below_a_file(option: str, place: Path) -> None:
    above = next((one for one in place.parents if one.exists()), None)
    if above is not None and not above.is_dir():
        said = f"{option} {place}: {above} is a file; name a folder"
        raise InputError(said.lstrip())


def _head(option: str, place: Path) -> bytes:
    try:
        with place.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError as error:
        raise MachineError(f"{option} {place}: cannot be read: {error.strerror}") from error
