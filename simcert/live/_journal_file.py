"""The journal of a live rollout: one file, one writer, every line on disk before it counts."""

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simcert.control import journal as journals
from simcert.errors import InputError, MachineError
from simcert.live._journal_store import KEEP, LiveJournal


class FileJournal(LiveJournal):
    """Appends to `path` under an exclusive lock; MachineError if another controller holds it.

    A last line that a crash cut short is removed; `entries_before` are those of earlier lives.
    """

    def __init__(self, path: Path, about: Mapping[str, Any] | None = None) -> None:
        super().__init__(self._append, KEEP, about)
        self.path = path
        self.name = str(path)
        self._file = _opened(path)
        text = self._kept()
        self.entries_before = journals.read(text, str(path)) if text else []

    def _kept(self) -> str:
        """Return the whole lines, and cut off what is not one."""
        try:
            data = self.path.read_bytes()
            end = data.rfind(b"\n") + 1
            if end < len(data):
                os.ftruncate(self._file, end)
            return data[:end].decode("utf-8")
        except OSError as error:
            raise MachineError(f"{self.path}: cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise InputError(f"{self.path}: is no journal: {error.reason}") from error

    def _append(self, line: str) -> None:
        """Write a line and wait for the disk; a line that was cut short is taken back."""
        data = line.encode("utf-8")
        before = os.fstat(self._file).st_size
        try:
            whole = os.write(self._file, data) == len(data)
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, before)
            raise MachineError(f"{self.path}: cannot be written: {error.strerror}") from error
        if not whole:
            os.ftruncate(self._file, before)
            raise MachineError(f"{self.path}: cannot be written: the disk is full")

    def archived(self) -> "FileJournal":
        """Rename this journal after its rollout's begin, and return a fresh one."""
        began = str(self.entries_before[0].get("began", "before")).replace(":", "")
        aside = self.path.with_name(f"{self.path.stem}-{began}{self.path.suffix}")
        try:
            self.path.rename(aside)
        except OSError as error:
            raise MachineError(f"{self.path}: cannot be renamed: {error.strerror}") from error
        self.close()
        return FileJournal(self.path)

    def close(self) -> None:
        """Let another process have it."""
        os.close(self._file)


def is_held(path: Path) -> bool:
    """Return whether a controller has this journal, be it starting, flying or hanging."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    except OSError as error:
        raise MachineError(f"{path}: cannot be read: {error.strerror}") from error
    return False


def _opened(path: Path) -> int:
    try:
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise MachineError(f"{path}: cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(file)
        raise MachineError(f"{path}: another controller flies this rollout") from error
    return file
