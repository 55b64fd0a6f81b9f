"""A report: verdict first, the same bytes each time, nothing unescaped, no half results."""

import json
import re
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from simcert.errors import InputError
from simcert.lab import report
from simcert.lab.compare.batch import slug_of
from simcert.lab.finished import StudyFolder
from simcert.lab.report.words import percent
from simcert.lab.words import between, minutes, number, time_to_full

HOSTILE = "</title><script>alert(1)</script>$x_{$ & \"'"


class Reader(HTMLParser):
    """Collects tags, and text outside of style and script."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words = ""
        self._silent = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self._silent = tag in ("style", "script")
        for name, value in attrs:
            assert not name.startswith("on"), (tag, name, value)

    def handle_endtag(self, tag: str) -> None:
        self._silent = self._silent and tag not in ("style", "script")

    def handle_data(self, data: str) -> None:
        self.words += "" if self._silent else data


def told(folder: Path) -> Reader:
    reader = Reader()
    reader.feed(report.write(folder).read_text(encoding="utf-8"))
    reader.words = re.sub(r"\s+", " ", reader.words)
    return reader


def test_the_day_of_a_policy_with_a_name_too_long_for_a_file_is_found(
    a_study: Path, tmp_path: Path
) -> None:
    label = "adaptive:" + "step_up=0.05," * 20
    content = (a_study / "traces" / "same_ca~adaptive.jsonl").read_bytes()
    name = f"traces/{slug_of('same_ca', label)}.jsonl"
    (tmp_path / "traces").mkdir()
    (tmp_path / name).write_bytes(content)
    about = {"files": [{"path": name, "sha256": sha256(content).hexdigest()}]}

    assert StudyFolder(tmp_path, {}, [], [], {}, about).trace("same_ca", label) is not None


@pytest.mark.parametrize("kind", ["a_run", "a_study"])
def test_two_reports_are_the_same_bytes(kind: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(kind)
    first = report.write(folder).read_bytes()

    assert report.write(folder).read_bytes() == first
    assert b"\r" not in first


def test_a_report_changes_nothing_else(a_run: Path) -> None:
    def others() -> dict[Path, bytes]:
        files = (p for p in a_run.rglob("*") if p.is_file() and p.name != "report.html")
        return {p: p.read_bytes() for p in files}

    before = others()
    report.write(a_run)

    assert others() == before


ENDS = [
    ({"end": "complete"}, "The new certificate may go out."),
    ({"end": "complete", "missed": True, "harmed_connections": 9}, "should not have"),
    ({"end": "rolled_back", "harmed_connections": 9}, "The new certificate must not go out."),
    ({"end": "rolled_back", "false_rollback": True}, "A good certificate was refused."),
    ({"end": "deadline", "minutes_to_full": None}, "Undecided: time was up."),
    ({"end": "deadline", "false_rollback": True}, "A good certificate was refused"),
]


@pytest.mark.parametrize(("changes", "said"), ENDS)
def test_the_verdict_comes_first(
    make_run: Callable[..., Path], tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    words = told(make_run(tmp_path / "out", **changes)).words

    assert said in words
    assert words.index(said) < words.index("What it decided")
    if changes.get("harmed_connections"):
        assert "9 connections" in words


def test_who_gives_it_in_turns_is_not_said_to_be_quick(
    make_run: Callable[..., Path], tmp_path: Path
) -> None:
    words = told(make_run(tmp_path / "out", policy="repeated_rollback", minutes_to_full=0.5)).words

    assert "everybody in turns, for longer each time, and then for good" in words
    assert "less than a minute" not in words


def test_a_run_shows_all_figures_and_where_it_comes_from(a_run: Path) -> None:
    seen = told(a_run)

    assert seen.tags.count("svg") == 6  # two of them for wide and narrow pages
    assert "evidence 5.1 nats against limit 4.6, n = 431" in seen.words
    assert "simcert run same_ca --policy adaptive --seed 7" in seen.words


def test_what_clients_told_is_told(make_run: Callable[..., Path], tmp_path: Path) -> None:
    moves = [(60.0, 0.1, "raise", "first")]
    words = told(make_run(tmp_path / "out", moves, reports=(3, 40), probes=(20, 2))).words

    assert "Clients reported 3 failures with the old, 40 with the new one." in words
    assert "tried the new one 20 times and failed 2 times." in words


def test_a_study_tells_of_every_policy(a_study: Path) -> None:
    seen = told(a_study)

    assert "adaptive let every good certificate out and no bad one." in seen.words
    assert "LET THE BREAK OUT in 100 % of runs" in seen.words
    assert "NOT FINISHED in time" in seen.words
    assert "breaks 3 % of clients" in seen.words
    assert "+5,176" in seen.words  # the paired difference, turned round
    assert "5,150 to 5,200" in seen.words


def test_a_policy_that_fails_is_not_praised(
    make_study: Callable[..., Path], tmp_path: Path
) -> None:
    def alter(row: dict[str, Any]) -> dict[str, Any]:
        slips = row["policy"] == "adaptive" and row["scenario"] != "same_ca" and row["run"] == 3
        return row | {"end": "complete", "missed": True} if slips else row

    words = told(make_study(tmp_path / "out", alter=alter)).words

    assert "adaptive: let a break out in 12 % of days (android_root_missing)." in words
    assert "no bad one" not in words


def test_crashed_runs_are_told(make_study: Callable[..., Path], tmp_path: Path) -> None:
    figures = ("end", "minutes_to_full", "harmed_connections", "missed", "false_rollback")
    crashed = {**dict.fromkeys(figures), "error": "RuntimeError: odd", "moves": []}

    def alter(row: dict[str, Any]) -> dict[str, Any]:
        return row | crashed if row["policy"] == "fixed_linear" else row

    words = told(make_study(tmp_path / "out", alter=alter)).words

    assert "16 runs crashed and count nowhere above; 25 % of all." in words
    assert "RuntimeError: odd" in words


def test_no_name_becomes_markup(
    make_run: Callable[..., Path], make_study: Callable[..., Path], tmp_path: Path
) -> None:
    moves = [(60.0, 0.1, "raise", HOSTILE), (600.0, 0.0, "roll_back", HOSTILE)]
    run = told(make_run(tmp_path / "run", moves, scenario=HOSTILE, policy=HOSTILE))
    study = told(make_study(tmp_path / "study", stems=("good", HOSTILE)))

    for seen in (run, study):
        assert seen.tags.count("script") == 1
        assert "<script>alert(1)</script>" in seen.words


def test_figures_are_left_as_files_too(a_run: Path, tmp_path: Path) -> None:
    report.write(a_run, tmp_path / "figures")

    names = {p.name for p in (tmp_path / "figures").iterdir()}
    assert {"exposure.svg", "exposure.png", "success.svg", "outcomes.svg"} <= names


def damage(folder: Path, name: str) -> None:
    path = folder / name
    path.write_text(path.read_text().replace("1", "2"))


def rewrite(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)


REFUSED: list[tuple[str, Callable[[Path], object], str]] = [
    ("empty", lambda f: [p.unlink() for p in f.iterdir() if p.is_file()], "no simcert results"),
    ("no manifest", lambda f: (f / "manifest.json").unlink(), "no simcert results"),
    ("cut manifest", lambda f: rewrite(f, "manifest.json", '{"sch'), "not JSON"),
    ("other manifest", lambda f: rewrite(f, "manifest.json", "[1]"), "not a manifest"),
    ("no identity", lambda f: rewrite(f, "manifest.json", "{}"), "not as simcert writes it"),
    ("lost file", lambda f: (f / "run.json").unlink(), "cannot be read"),
    ("damaged journal", lambda f: damage(f, "journal.jsonl"), "damaged"),
    ("damaged figures", lambda f: damage(f, "run.json"), "damaged"),
]


@pytest.mark.parametrize(("what", "spoil", "said"), REFUSED, ids=[r[0] for r in REFUSED])
def test_half_results_are_refused(
    make_run: Callable[..., Path],
    tmp_path: Path,
    what: str,
    spoil: Callable[[Path], object],
    said: str,
) -> None:
    folder = make_run(tmp_path / "out")
    spoil(folder)

    with pytest.raises(InputError, match=said) as caught:
        report.write(folder)
    assert str(folder) in str(caught.value)
    assert not (folder / "report.html").exists()


def test_an_unfinished_batch_says_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "batch.json").write_text("{}")

    with pytest.raises(InputError, match="goes on where it stopped"):
        report.write(tmp_path)


@pytest.mark.parametrize(("name", "said"), [("nowhere", "does not exist"), ("file", "is a file")])
def test_what_is_no_folder_is_named(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(InputError, match=said):
        report.write(tmp_path / name)


def test_a_journal_cut_by_a_crash_is_not_a_finished_result(a_run: Path) -> None:
    listed = json.loads((a_run / "manifest.json").read_text())["files"]

    assert {"journal.jsonl", "run.json"} == {entry["path"] for entry in listed}


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.05, "5 %"),
        (0.25, "25 %"),
        (0.9931, "99.31 %"),
        (0.99999, "99.999 %"),
        (0.00042, "0.042 %"),
        (None, "-"),
    ],
)
def test_a_share_never_rounds_to_certainty(share: float | None, said: str) -> None:
    assert percent(share) == said


def test_figures_are_written_as_one_reads_them() -> None:
    assert [minutes(m) for m in (None, 0.2, 17.2, 300.0)] == [
        "never",
        "less than a minute",
        "17 min",
        "5.0 h",
    ]
    assert [time_to_full(m, in_turns=True) for m in (None, 0.2)] == ["never", "in turns"]
    assert [number(n) for n in (0.0, -0.0, 3.21, 5176.4)] == ["0", "0", "3.2", "5,176"]
    assert [number(n) for n in (-0.03, 0.03, -0.3)] == ["0.0", "0.0", "-0.3"]
    assert between((-3.0, 8.0), 0.0) == "0 to 8.0"
    assert between((None, 8.0)) == between((2.0, 2.0)) == ""
