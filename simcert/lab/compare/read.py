"""Study read: the study of a batch that is complete, from the tables in its folder."""

from collections.abc import Sequence

from simcert.lab.compare.study import Study
from simcert.lab.compare.tables import from_csv, joined
from simcert.lab.folder import MANIFEST, ResultFolder
from simcert.lab.manifest import listed
from simcert.lab.setup import Setup


def read(folder: ResultFolder, setups: Sequence[Setup], runs: int, seed: int) -> Study:
    """Return the study of a folder that is complete; InputError if a table was changed since."""
    about = folder.read(MANIFEST)
    rows, moves = (
        from_csv(listed(folder.path, about, name).decode()) for name in ("runs.csv", "moves.csv")
    )
    return Study(tuple(setups), runs, seed, joined(rows, moves), str(folder.path))
