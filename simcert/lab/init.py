"""`init`: a project that works at once: scenarios, policies, live configuration, gate, notebook."""

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simcert.errors import InputError, MachineError
from simcert.lab.outputs import folder_for
from simcert.lab.regress import gate as regress
from simcert.live.haproxy_actuator import write_private
from simcert.live.local_authority import LocalAuthority
from simcert.scenario.load import FOLDERS

_HERE = Path(__file__).parent
FILES = {
    "README.md": "readme.md",
    "scenarios/renewal.toml": "renewal.toml",
    "scenarios/new_root.toml": "new_root.toml",
    "policies/ours.toml": "ours.toml",
    "policies/doubling.py": "doubling.py",
    "live.toml": "live.toml",
    "notebooks/explore.ipynb": "explore.ipynb",
    "simcert-baseline/suite.toml": "suite.toml",
    ".github/workflows/simcert.yml": "workflow.yml",
    ".gitignore": "gitignore",
}
"""What a project holds, and the file of `scaffold/` that it is a copy of."""
CHAINS = {
    "chains/today.pem": "le_january.pem",
    "chains/renewed.pem": "le_february.pem",
    "chains/cross_signed.pem": "le_cross_signed_2021.pem",
    "chains/new_root.pem": "le_x1_signed.pem",
}
NAMES = ("localhost",)  # of the throw-away bundles


def init(folder: str | Path, now: dt.datetime, *, quiet: bool = False) -> list[Path]:
    """Make a project in a new or empty folder; returns what was written, in order.

    InputError for a folder that holds anything, or a file; nothing is ever overwritten.
    MachineError if it cannot be written.
    """
    place = Path(folder)
    _refuse(place)
    with _writing(place):
        written = [_copied(place / name, _HERE / "scaffold" / own) for name, own in FILES.items()]
        written += [_copied(place / name, _chain(own)) for name, own in CHAINS.items()]
        written += _bundles(place / "live", now)
    written += schemas(place)
    baseline = place / "simcert-baseline"
    recorded = regress.update(baseline, quiet=quiet, force=True)  # a new one: nothing to review
    return [*written, *(baseline / name for name in recorded.updated)]


def schemas(folder: str | Path) -> list[Path]:
    """Write this version's editor schemas into a project, over those of another version."""
    place = Path(folder) / "schemas"
    with _writing(place):
        names = sorted(path.name for path in (_HERE / "schemas").glob("*.json"))
        for name in names:
            _refuse_foreign(place / name)
        return [_copied(place / name, _HERE / "schemas" / name) for name in names]


def _refuse(place: Path) -> None:
    folder_for("", place)
    if place.is_dir() and (found := next(place.iterdir(), None)) is not None:
        raise InputError(
            f"{place}: is not empty (there is {found.name}), and nothing is overwritten; name "
            "a new folder, or add --schemas to write the editor schemas only"
        )


def _refuse_foreign(path: Path) -> None:
    """Only a schema of ours may be overwritten."""
    if not path.exists():
        return
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict) or not str(found.get("title", "")).startswith("simcert "):
        raise InputError(f"{path}: is no schema of simcert; move it out of the way")


def _copied(target: Path, source: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return target


def _chain(name: str) -> Path:
    return next(p for folder in FOLDERS if (p := folder / "chains" / name).is_file())


def _bundles(folder: Path, now: dt.datetime) -> list[Path]:
    """Make two bundles, with keys, of an authority that exists for this project only."""
    authority = LocalAuthority(folder, "throw-away authority of simcert init")
    written = []
    for name in ("old.pem", "new.pem"):
        (text,) = authority.obtain(NAMES, "ecdsa", now)
        write_private(folder / name, text)
        written.append(folder / name)
    return [*written, authority.root_file, folder / "root.key"]


@contextmanager
def _writing(place: Path) -> Iterator[None]:
    try:
        place.mkdir(parents=True, exist_ok=True)
        yield
    except MachineError:
        raise
    except OSError as error:
        where = error.filename or place
        raise MachineError(
            f"{where}: cannot be written: {error.strerror}; name another folder"
        ) from error
