"""The manifest: everything needed to make a result folder again, and nothing that differs then."""

import csv
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from platform import python_version
from typing import Any

import simcert
from simcert.control import journal
from simcert.errors import InputError
from simcert.lab.folder import MANIFEST, MARK
from simcert.lab.setup import Setup
from simcert.model import given
from simcert.scenario.validation import code_digest

SCHEMA = 1
CORE = ("simpy", "numpy", "scipy", "pandas", "cryptography")
_HOME = Path(simcert.__file__).parent


def identity(setups: Sequence[Setup], *, runs: int, seed: int, batch: str) -> dict[str, Any]:
    """Return what decides the bytes of a batch; `batch` is `run` or `compare`."""
    return {
        "batch": batch,
        "seed": seed,
        "runs": runs,
        "setups": [setup.identity() for setup in setups],
        "code": code_digest(),
    }


def manifest(
    folder: Path,
    identity_: Mapping[str, Any],
    command_: str,
    done: int,
    failed: int,
    *,
    without: str = "",
) -> dict[str, Any]:
    """Return the manifest of a finished folder; `without` names a folder of days, not results."""
    found = (p for p in folder.rglob("*") if p.is_file() and p.suffix != ".html")
    own = (p.relative_to(folder) for p in found if p.name not in (MARK, MANIFEST))
    names = sorted(p.as_posix() for p in own if p.parts[0] != without)
    return {
        "schema": SCHEMA,
        "identity": dict(identity_),
        "command": command_,
        "runs": {"done": done, "failed": failed},
        "simcert": simcert.__version__,
        "revision": _revision(),
        "python": python_version(),
        "packages": {name: metadata.version(name) for name in CORE},
        "files": [_file(folder, name) for name in names],
    }


def listed(path: Path, about: Mapping[str, Any], name: str) -> bytes:
    """Return a file's content; InputError if it is not, byte for byte, what the manifest lists."""
    again = f"make the results again with: {about.get('command')}"
    try:
        digests = {entry["path"]: entry["sha256"] for entry in about["files"]}
    except (KeyError, TypeError) as error:
        raise InputError(f"{path / MANIFEST}: damaged, it lists no files; {again}") from error
    content = given.read(path / name, journal.FILE_MAX, again)
    if sha256(content).hexdigest() != digests.get(name):
        raise InputError(f"{path / name}: damaged, it is not what {MANIFEST} describes; {again}")
    return content


def command(name: str, setups: Sequence[Setup], **options: object) -> str:
    """Return the command that makes these results again, but for place and worker count."""
    words = ["simcert", name, *dict.fromkeys(setup.place for setup in setups)]
    for policy in dict.fromkeys(setup.typed for setup in setups):
        words += ["--policy", policy]
    for option, value in options.items():
        words += [f"--{option}", str(value)]
    fidelities = {setup.fidelity for setup in setups}
    if len(fidelities) == 1:  # else nobody asked for one, and each scenario has its own again
        words += ["--fidelity", *fidelities]
    return shlex.join(words)


def _file(folder: Path, name: str) -> dict[str, Any]:
    content = (folder / name).read_bytes()
    entry: dict[str, Any] = {"path": name, "sha256": sha256(content).hexdigest()}
    if name.endswith(".csv"):
        rows = list(csv.reader(content.decode().splitlines()))
        entry |= {"rows": len(rows) - 1, "columns": {c: COLUMNS[c] for c in rows[0]}}
    return entry


@cache
def _revision() -> dict[str, Any]:
    """Git commit of a checkout, and whether files differ from it; nulls for an installed wheel."""
    commit = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "dirty": None if commit is None else bool(changed)}


def _git(*arguments: str) -> str | None:
    call = ["git", "-C", str(_HOME), *arguments]
    try:
        done = subprocess.run(call, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _column(dtype: str, unit: str = "") -> dict[str, str]:
    return {"dtype": dtype, "unit": unit}


COLUMNS = {
    "scenario": _column("str"),
    "policy": _column("str"),
    "run": _column("int64"),
    "seed": _column("int64"),
    "end": _column("str"),
    "minutes_to_full": _column("float64", "min"),
    "harmed_connections": _column("int64", "connections"),
    "harmed_clients": _column("int64", "clients"),
    "connections": _column("int64", "connections"),
    "success_rate": _column("float64"),
    "false_rollback": _column("bool"),
    "missed": _column("bool"),
    "attempts": _column("int64"),
    "expect_met": _column("bool"),
    "error": _column("str"),
    "t_s": _column("float64", "s"),
    "exposure": _column("float64"),
    "reason": _column("str"),
}
