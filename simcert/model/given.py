"""Files that a user gives: read once, within a limit, and never waited for without end.

What is a folder, too long, or a pipe into which nobody writes is bad input. A pipe with a writer
(`<(zcat journal.gz)`, `/dev/stdin`) is read like a file.
"""

import os
import select
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from simcert.errors import InputError

SILENCE_S = 10.0  # for which a pipe or device may give nothing
SECRET_MAX = 100_000  # bytes of a token or another secret
_PART = 1 << 20


def read(path: str | Path, limit: int, remedy: str) -> bytes:
    """Return the bytes of a file, at most `limit`; InputError says why not, and the `remedy`."""
    with _told(path, remedy):
        return _content(Path(path), limit)


def text(path: str | Path, limit: int, remedy: str) -> str:
    """Return a file as `read` does, decoded; InputError if it is no UTF-8."""
    content = read(path, limit, remedy)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{shown(path)}: cannot be read: {error}; save it as UTF-8") from error


def shown(path: str | Path) -> str:
    """Return a path as messages tell it: what `.` is by its own name, nothing too long."""
    place = Path(path)
    name = str(place) if place.name not in ("", "..") else str(place.absolute().resolve())
    return name if len(name) <= 300 else f"{name[:300]}..."


def opened(path: str | Path, remedy: str) -> BinaryIO:
    """Return a file of any length to read from, once it gives something; InputError as `read`."""
    with _told(path, remedy):
        file, mode = _open(Path(path))
        try:
            _wait(file, mode)
            os.set_blocking(file, True)
            return os.fdopen(file, "rb")
        except BaseException:
            os.close(file)
            raise


@contextmanager
def _told(path: str | Path, remedy: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{shown(path)}: cannot be read: {error.strerror}; {remedy}") from error
    except ValueError as error:
        raise InputError(f"{shown(path)}: {error}; {remedy}") from error


def _open(path: Path) -> tuple[int, int]:
    """Return a descriptor and what kind of file it is; nobody is waited for."""
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(file).st_mode
    if stat.S_ISDIR(mode):
        os.close(file)
        raise ValueError("is a folder")
    return file, mode


def _content(path: Path, limit: int) -> bytes:
    file, mode = _open(path)
    parts, left = [], limit + 1
    try:
        while left and (part := _part(file, min(left, _PART), mode)):
            parts.append(part)
            left -= len(part)
    finally:
        os.close(file)
    if not left:
        raise ValueError(f"is longer than {limit:,} bytes")
    return b"".join(parts)


def _part(file: int, size: int, mode: int) -> bytes:
    _wait(file, mode)
    return os.read(file, size)


def _wait(file: int, mode: int) -> None:
    """Wait until a pipe or device has something, or its last writer is gone."""
    if stat.S_ISREG(mode):
        return
    ready = select.poll()
    ready.register(file, select.POLLIN)
    if not ready.poll(SILENCE_S * 1000.0):
        raise ValueError(f"gives nothing for {SILENCE_S:g} s")
