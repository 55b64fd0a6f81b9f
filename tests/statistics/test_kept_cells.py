"""A proof can be written down as far as it is: what is on disk counts, nothing is flown for it."""

import json
from pathlib import Path

import pytest

from bench.evidence import cells, record
from bench.evidence.world import World
from simcert.detect import discover


def test_only_kept_cells_count_and_the_same_cell_is_not_flown_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "CACHE", tmp_path)
    cell = cells.Cell("small", World(windows=4), runs=3, seed=1)
    monkeypatch.setattr(cells, "only_kept", True)
    with pytest.raises(cells.NotFlownError):
        cells.measure(cell)
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(cells, "only_kept", False)
    flown = cells.measure(cell)
    monkeypatch.setattr(cells, "only_kept", True)
    assert {k: v.tolist() for k, v in cells.measure(cell).items()} == {
        k: v.tolist() for k, v in flown.items()
    }


@pytest.mark.parametrize("path", sorted(record.FOLDER.glob("bar_*.json")), ids=lambda p: p.stem)
def test_every_proof_is_one_of_the_setting_that_is_shipped(path: Path) -> None:
    assert json.loads(path.read_text())["policy_digest"] == record.setting_digest()


def test_what_is_told_of_an_alarm_is_no_part_of_the_setting() -> None:
    """It decides nothing: a proof and all its campaigns stay valid when people are told more."""
    for stem in ("suspicion_cusum", "segment_cusum"):
        assert "alarm_" not in repr(discover()[stem]()), "repr=False keeps it out of the digest"


def test_there_are_ten_proofs() -> None:
    assert len([*record.FOLDER.glob("bar_*.json")]) == 10
