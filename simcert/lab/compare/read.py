"""Study read: the study of a batch that is complete, from the tables in its folder."""

from collections.abc import Sequence
from typing import Any

from simcert.lab.compare.study import Study
from simcert.lab.compare.tables import from_csv
from simcert.lab.folder import ResultFolder
from simcert.lab.setup import Setup


def read(folder: ResultFolder, setups: Sequence[Setup], runs: int, seed: int) -> Study:
    """Return the study of a folder that is complete."""
    rows = from_csv((folder.path / "runs.csv").read_text(encoding="utf-8"))
    changes: dict[tuple[Any, ...], list[Any]] = {}
    for move in from_csv((folder.path / "moves.csv").read_text(encoding="utf-8")):
        key = (move["scenario"], move["policy"], move["run"])
        changes.setdefault(key, []).append([move["t_s"], move["exposure"], move["reason"]])
    for row in rows:
        row["moves"] = changes.get((row["scenario"], row["policy"], row["run"]), [])
    return Study(tuple(setups), runs, seed, rows, str(folder.path))
