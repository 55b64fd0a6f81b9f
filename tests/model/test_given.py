"""A file that a user gives is read whole or refused; nobody is waited for without end."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from simcert.errors import InputError
from simcert.model import given

READERS: list[Callable[[Path], bytes]] = [
    lambda path: given.read(path, 1000, "give a list"),
    lambda path: given.text(path, 1000, "give a list").encode(),
    lambda path: _all(path),
]


def _all(path: Path) -> bytes:
    with given.opened(path, "give a list") as file:
        return file.read()


def pipe_in(folder: Path) -> Path:
    path = folder / "pipe"
    os.mkfifo(path)
    return path


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(given, "SILENCE_S", 0.1)


@pytest.mark.parametrize("read", READERS)
def test_a_file_is_read_whole(read: Callable[[Path], bytes], tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 1000)

    assert read(tmp_path / "file") == b"x" * 1000


@pytest.mark.parametrize("read", READERS)
def test_a_pipe_with_a_writer_is_read_like_a_file(
    read: Callable[[Path], bytes], tmp_path: Path
) -> None:
    path = pipe_in(tmp_path)
    writer = threading.Thread(target=lambda: path.write_bytes(b"x" * 900))
    writer.start()

    assert read(path) == b"x" * 900
    writer.join(5.0)


@pytest.mark.parametrize("read", READERS)
def test_a_pipe_without_a_writer_is_refused(read: Callable[[Path], bytes], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"pipe: gives nothing for 0.1 s; give a list"):
        read(pipe_in(tmp_path))


@pytest.mark.parametrize("read", READERS)
def test_a_folder_is_refused_by_its_name(
    read: Callable[[Path], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(InputError, match=f"{tmp_path}: is a folder; give a list"):
        read(Path())


@pytest.mark.parametrize("read", READERS)
def test_what_is_absent_is_told_with_the_remedy(
    read: Callable[[Path], bytes], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"gone: cannot be read: No such file.*; give a list"):
        read(tmp_path / "gone")


@pytest.mark.parametrize("read", READERS[:2])
def test_what_has_no_end_is_refused(read: Callable[[Path], bytes], tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"x" * 1001)

    for path in (tmp_path / "long", Path("/dev/zero")):
        with pytest.raises(InputError, match="is longer than 1,000 bytes"):
            read(path)


def test_nothing_is_read_from_nothing() -> None:
    assert given.read("/dev/null", 1000, "") == b""


def test_no_file_stays_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in (tmp_path, pipe_in(tmp_path), Path("/dev/zero")):
        for read in READERS[:2]:
            with pytest.raises(InputError):
                read(path)

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_message_stays_readable_however_long_the_path() -> None:
    with pytest.raises(InputError) as caught:
        given.read("x" * 5000, 1000, "give a list")

    assert len(str(caught.value)) < 500
