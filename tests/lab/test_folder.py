"""A result folder belongs to one batch; nothing of anybody else is ever overwritten."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simcert.errors import InputError, MachineError
from simcert.lab.folder import MANIFEST, MARK, ResultFolder, to_json

OF = {"policy": "adaptive", "seed": 3, "runs": [0, 1]}
DAYS = [{"end": "complete", "harmed": 2, "minutes": 61.5}, {"end": None, "harmed": 0, "minutes": 1}]
MINE = {"batch": "compare", "seed": 1, "runs": 2, "setups": ["a"], "code": "1f"}


def claim(path: Path, **changes: object) -> ResultFolder:
    return ResultFolder.claim(path, {**MINE, **changes})


def test_a_folder_may_be_claimed_again_by_its_batch_only(tmp_path: Path) -> None:
    claim(tmp_path / "a")
    claim(tmp_path / "a")

    with pytest.raises(InputError, match=r"another batch, which `simcert compare` made; name"):
        claim(tmp_path / "a", batch="tune", trials=3)
    with pytest.raises(InputError, match=r"another batch \(different seed\)"):
        claim(tmp_path / "a", seed=2)


@pytest.mark.parametrize("key", [key for key in MINE if key != "batch"])
def test_whatever_differs_makes_it_another_batch(key: str, tmp_path: Path) -> None:
    claim(tmp_path / "a")

    with pytest.raises(InputError, match=rf"different {key}\)"):
        claim(tmp_path / "a", **{key: "other"})


def test_a_folder_of_another_version_says_so(tmp_path: Path) -> None:
    claim(tmp_path / "a")

    with pytest.raises(InputError, match="install the version of simcert that began it"):
        claim(tmp_path / "a", code="2a")
    with pytest.raises(InputError, match=r"name a new folder$"):
        claim(tmp_path / "a", seed=2)


def test_a_finished_folder_still_knows_its_batch(tmp_path: Path) -> None:
    folder = claim(tmp_path / "a")
    folder.write(MANIFEST, to_json({"identity": MINE}))
    folder.remove(MARK)

    assert claim(tmp_path / "a").complete
    with pytest.raises(InputError, match="another batch"):
        claim(tmp_path / "a", runs=3)


def test_somebody_s_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("years of work")

    with pytest.raises(InputError, match="holds no simcert results"):
        claim(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.doc"]


@pytest.mark.parametrize("path", ["file", "file/below"])
def test_a_file_is_no_folder(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("mine")

    with pytest.raises(InputError, match="is a file; name a folder"):
        claim(tmp_path / path)
    assert (tmp_path / "file").read_text() == "mine"


def test_what_cannot_be_written_is_the_machine_s_fault() -> None:
    with pytest.raises(MachineError, match="cannot be written"):
        claim(Path("/proc/simcert"))


def test_a_broken_write_leaves_the_old_file(tmp_path: Path) -> None:
    folder = claim(tmp_path / "a")
    folder.write("x", "old")

    with pytest.raises(UnicodeEncodeError):
        folder.write("x", "\ud800")
    assert (tmp_path / "a" / "x").read_text() == "old"


@pytest.mark.parametrize("name", [MANIFEST, MARK])
@pytest.mark.parametrize("text", ["", "[]", "{", '{"identity": 3}', "[" * 100_000, "\0"])
def test_a_folder_that_says_no_more_whose_it_is(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)

    with pytest.raises(InputError, match=rf"{name} is damaged.*name a new folder"):
        claim(tmp_path)
    assert (tmp_path / name).read_text() == text


def kept(folder: Path) -> ResultFolder:
    one = ResultFolder(folder)
    one.keep("days.json", OF, DAYS)
    return one


def test_days_are_kept_and_read_back(tmp_path: Path) -> None:
    assert kept(tmp_path).kept("days.json", OF) == DAYS
    assert ResultFolder(tmp_path).kept("other.json", OF) is None


@pytest.mark.parametrize("key", OF)
def test_days_of_anything_else_are_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(InputError, match=r"days\.json: was changed .* remove this file"):
        kept(tmp_path).kept("days.json", OF | {key: "other"})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[: len(text) // 2],
        lambda _: "",
        lambda _: "[]",
        lambda _: '{"days": []}',
        lambda _: '{"days": {}, "seal": ""}',
        lambda text: text.replace("61.5", "NaN"),
        lambda text: text.replace("61.5", "1e999"),
        lambda _: "[" * 100_000,
    ],
)
def test_days_that_were_cut_short_are_refused(tmp_path: Path, spoil: Callable[[str], str]) -> None:
    folder, path = kept(tmp_path), tmp_path / "days.json"
    path.write_text(spoil(path.read_text()))

    with pytest.raises(InputError, match=r"days\.json: was changed or cut short"):
        folder.kept("days.json", OF)


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_change_of_any_day_is_seen(tmp_path: Path, data: st.DataObject) -> None:
    folder, path = kept(tmp_path), tmp_path / "days.json"
    found: dict[str, Any] = json.loads(path.read_text())
    day = data.draw(st.sampled_from(found["days"]))
    key = data.draw(st.sampled_from(sorted(day)))
    day[key] = data.draw(
        (st.integers() | st.floats() | st.text() | st.none() | st.booleans()).filter(
            lambda value: json.dumps(value) != json.dumps(day[key])
        )
    )
    path.write_text(json.dumps(found))

    with pytest.raises(InputError, match="was changed"):
        folder.kept("days.json", OF)
