"""Study read: the study of a batch that is complete, from the tables in its folder."""

from collections.abc import Sequence
from typing import Any

from simcert.lab.compare.study import Study
from simcert.lab.compare.tables import from_csv
from simcert.lab.folder import MANIFEST, ResultFolder
from simcert.lab.manifest import listed
from simcert.lab.setup import Setup


def read(folder: ResultFolder, setups: Sequence[Setup], runs: int, seed: int) -> Study:
    """Return the study of a folder that is complete; InputError if a table was changed since."""
    about = folder.read(MANIFEST)
    rows, moves = (
        from_csv(listed(folder.path, about, name).decode()) for name in ("runs.csv", "moves.csv")
    )
    changes: dict[tuple[Any, ...], list[Any]] = {}
    for move in moves:
        key = (move["scenario"], move["policy"], move["run"])
        changes.setdefault(key, []).append([move["t_s"], move["exposure"], move["reason"]])
    for row in rows:
        row["moves"] = changes.get((row["scenario"], row["policy"], row["run"]), [])
    return Study(tuple(setups), runs, seed, rows, str(folder.path))
