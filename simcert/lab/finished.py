"""Reads a finished result folder for a report; every file must be what the manifest says it is."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simcert.control import journal, validation
from simcert.errors import InputError
from simcert.lab.compare.batch import slug_of
from simcert.lab.compare.paired import TRACES
from simcert.lab.compare.tables import from_csv
from simcert.lab.figures.points import guess_harmful
from simcert.lab.figures.trace import Trace
from simcert.lab.folder import MANIFEST, MARK
from simcert.lab.manifest import listed
from simcert.model import given

REMEDY = "make some with `simcert run SCENARIO --out DIR` or `simcert compare ... --out DIR`"
Rows = list[dict[str, Any]]
VALIDATION = "validation.json"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One rollout."""

    run: dict[str, Any]
    trace: Trace
    target_success: float | None
    manifest: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StudyFolder:
    """A batch; `traces` by scenario hold the first day of the flagship."""

    path: Path
    study: dict[str, Any]
    rows: Rows
    moves: Rows
    about: dict[str, dict[str, Any]]  # by scenario: harmful, and summary and harmed_share if known
    manifest: dict[str, Any]

    def trace(self, scenario: str, policy: str) -> Trace | None:
        """Return the first day of a policy, None if that run crashed and left no journal."""
        name = f"{TRACES}/{slug_of(scenario, policy)}.jsonl"
        if name not in {entry["path"] for entry in self.manifest["files"]}:
            return None
        return _trace(self.path / name, listed(self.path, self.manifest, name))[0]


@dataclass(frozen=True, slots=True)
class TuneFolder:
    """A finished search for parameters."""

    tune: dict[str, Any]
    trials: Rows
    manifest: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ValidationFolder:
    """The sealed document of a validation."""

    document: dict[str, Any]


Folder = RunFolder | StudyFolder | TuneFolder | ValidationFolder
Reader = Callable[[Path, dict[str, Any]], Folder]


def read(path: Path) -> Folder:
    """Return what a folder holds; InputError if it is no finished and undamaged result."""
    if (path / VALIDATION).is_file():
        return _validation(path / VALIDATION)
    manifest = _manifest(path)
    try:
        kind = manifest["identity"]["batch"]
        readers: dict[str, Reader] = {"run": _run, "compare": _study, "tune": _tune}
        return readers[kind](path, manifest)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{path}: not as simcert writes it ({type(error).__name__}: {error}); "
            "make the results again"
        ) from error


def _manifest(path: Path) -> dict[str, Any]:
    if not path.is_dir():
        what = "is a file" if path.exists() else "does not exist"
        raise InputError(f"{path}: {what}; name a folder with results, or {REMEDY}")
    if not (path / MANIFEST).is_file():
        if (path / MARK).is_file():
            raise InputError(
                f"{path}: the batch in it is not finished ({MANIFEST} is written last); "
                "give the command that began it again, it goes on where it stopped"
            )
        raise InputError(f"{path}: holds no simcert results (no {MANIFEST}); {REMEDY}")
    found = _json(path / MANIFEST, given.read(path / MANIFEST, journal.FILE_MAX, REMEDY))
    if not isinstance(found, dict):
        raise InputError(f"{path / MANIFEST}: not a manifest of simcert; {REMEDY}")
    return found


def _json(place: Path, content: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(content)
    except ValueError as error:
        raise InputError(f"{place}: not JSON ({error}); make the results again") from error


def _run(path: Path, manifest: dict[str, Any]) -> RunFolder:
    run = _json(path / "run.json", listed(path, manifest, "run.json"))
    name = path / "journal.jsonl"
    trace, start = _trace(name, listed(path, manifest, "journal.jsonl"))
    plan = start.get("plan") or {}
    return RunFolder(run, trace, plan.get("target_success"), manifest)


def _trace(place: Path, content: bytes) -> tuple[Trace, dict[str, Any]]:
    entries = journal.read(content.decode(), str(place))
    return Trace.of(entries), entries[0]


def _study(path: Path, manifest: dict[str, Any]) -> StudyFolder:
    study = _json(path / "compare.json", listed(path, manifest, "compare.json"))
    rows, moves = (
        from_csv(listed(path, manifest, name).decode()) for name in ("runs.csv", "moves.csv")
    )
    flown = [row for row in rows if row["error"] is None]
    if not flown:
        raise InputError(f"{path}: every run crashed; the errors are in {path / 'runs.csv'}")
    about: dict[str, dict[str, Any]] = {
        stem: {"harmful": harmful} for stem, harmful in guess_harmful(flown).items()
    }
    for told in study.get("scenarios", []):
        about[told["scenario"]] = {**told, "harmful": told["harmed_share"] > 0}
    return StudyFolder(path, study, rows, moves, about, manifest)


def _tune(path: Path, manifest: dict[str, Any]) -> TuneFolder:
    tune, trials = (
        _json(path / name, listed(path, manifest, name)) for name in ("tune.json", "trials.json")
    )
    return TuneFolder(tune, trials, manifest)


def _validation(place: Path) -> ValidationFolder:
    """Return the document; InputError if anything was changed after it was sealed."""
    document = validation.read(given.text(place, journal.FILE_MAX, validation.AGAIN), str(place))
    if validation.sealed(document)["seal"] != document["seal"]:
        raise InputError(f"{place}: was changed after it was sealed; {validation.AGAIN}")
    return ValidationFolder(document)
