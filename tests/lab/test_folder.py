"""A result folder belongs to one batch; nothing of anybody else is ever overwritten."""

from pathlib import Path

import pytest

from simcert.errors import InputError, MachineError
from simcert.lab.folder import MANIFEST, MARK, ResultFolder, to_json

MINE = {"batch": "compare", "seed": 1, "runs": 2, "setups": ["a"], "code": "1f"}


def claim(path: Path, **changes: object) -> ResultFolder:
    return ResultFolder.claim(path, {**MINE, **changes})


def test_a_folder_may_be_claimed_again_by_its_batch_only(tmp_path: Path) -> None:
    claim(tmp_path / "a")
    claim(tmp_path / "a")

    with pytest.raises(InputError, match=r"another batch \(different seed\)"):
        claim(tmp_path / "a", seed=2)


@pytest.mark.parametrize("key", MINE)
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
