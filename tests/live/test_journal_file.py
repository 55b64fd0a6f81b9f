"""The journal on disk and the clock: torn lines, full disks, jumping clocks."""

import json
import os
import time
from pathlib import Path

import pytest

from simcert.errors import InputError, MachineError
from simcert.live._clock import Clock
from simcert.live._journal_file import FileJournal

START = (
    '{"entry":"start","version":1,"policy":"p","params":{},"plan":{},"prior":null,"truth":null}\n'
)


def lines(path: Path) -> list[str]:
    return [json.loads(line)["entry"] for line in path.read_text().splitlines()]


def test_a_line_that_a_crash_cut_short_is_gone_and_the_next_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(START + '{"entry":"command","t":1,"wo')

    journal = FileJournal(path)
    journal.command(2.0, "pause")
    journal.close()

    assert lines(path) == ["start", "command"]
    assert [one["entry"] for one in journal.entries_before] == ["start"]
    assert not journal.empty
    assert path.stat().st_mode & 0o022 == 0


def test_a_fresh_journal_is_private(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "journal.jsonl")

    assert journal.empty
    assert (tmp_path / "journal.jsonl").stat().st_mode & 0o777 == 0o600
    journal.close()


def test_a_file_that_is_no_journal_is_never_written_to(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text("dear diary\n")

    with pytest.raises(InputError, match=r"journal.jsonl:1"):
        FileJournal(path)

    assert path.read_text() == "dear diary\n"


def test_two_writers_never_share_a_journal(tmp_path: Path) -> None:
    first = FileJournal(tmp_path / "journal.jsonl")

    with pytest.raises(MachineError, match="another controller"):
        FileJournal(tmp_path / "journal.jsonl")
    first.close()
    FileJournal(tmp_path / "journal.jsonl").close()


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(START)
    journal = FileJournal(path)
    journal.command(1.0, "pause")
    whole = path.read_text()

    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, data[:7]))
    with pytest.raises(MachineError, match="disk is full"):
        journal.command(2.0, "resume")
    assert path.read_text() == whole
    monkeypatch.setattr(os, "write", real)
    journal.close()
    journal = FileJournal(path)

    def failing(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(MachineError, match="No space left"):
        journal.command(3.0, "resume")
    assert path.read_text() == whole
    journal.close()


class Clocks:
    """A wall clock and a monotonic one in the hands of a test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.mono = 1000.0, 50.0
        monkeypatch.setattr(time, "time", lambda: self.wall)
        monkeypatch.setattr(time, "monotonic", lambda: self.mono)

    def pass_(self, seconds: float, wall: float | None = None) -> None:
        self.mono += seconds
        self.wall += seconds if wall is None else wall


def test_time_never_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = Clocks(monkeypatch)
    clock = Clock(900.0)
    before = clock.now()

    clocks.pass_(1.0, wall=-3600.0)

    assert before < clock.now() <= before + 1.0


def test_time_goes_slower_until_a_wall_clock_that_fell_back_has_caught_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clocks = Clocks(monkeypatch)
    clock = Clock(900.0)
    clocks.pass_(1.0, wall=201.0)
    leapt = clock.now()
    clocks.pass_(1.0, wall=-199.0)

    seen = [clock.now()]
    for _ in range(450):
        clocks.pass_(1.0)
        seen.append(clock.now())

    assert leapt < seen[0]
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(clocks.wall - 900.0, abs=2.5)


def test_the_clock_tells_how_far_the_wall_clock_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = Clocks(monkeypatch)
    clock = Clock(900.0)
    assert clock.behind_s() == 0.0

    clocks.pass_(0.0, wall=-4.0)
    assert clock.behind_s() == pytest.approx(4.0)

    clocks.pass_(1.0)  # our time goes at half speed
    assert clock.behind_s() == pytest.approx(3.5)


def test_a_leap_of_the_wall_clock_or_a_sleep_is_followed_and_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clocks = Clocks(monkeypatch)
    clock = Clock(900.0)

    clocks.pass_(1.0, wall=3600.0)

    assert clock.now() == 3700.0
    assert clock.take_jump() == pytest.approx(3599.0)
    assert clock.take_jump() == 0.0


def test_a_restart_never_begins_before_the_last_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    Clocks(monkeypatch)

    assert Clock(900.0, not_before_s=500.0).now() == 500.0
