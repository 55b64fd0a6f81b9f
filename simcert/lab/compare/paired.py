"""`compare`: every policy flies the same days; paired by seed, resumable, the same for any jobs."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from simcert.errors import InputError
from simcert.lab import manifest
from simcert.lab.compare import tables
from simcert.lab.compare.batch import Row, Task, flown, slug, tasks
from simcert.lab.compare.read import read
from simcert.lab.compare.study import Study
from simcert.lab.folder import MANIFEST, MARK, ResultFolder, to_json
from simcert.lab.progress import progress
from simcert.lab.seeds import checked
from simcert.lab.setup import Setup, prepare_all
from simcert.lab.sizes import checked_runs, workers
from simcert.model import Policy
from simcert.scenario import Scenario

One = TypeVar("One")  # scenario or policy
SHARDS, TRACES = "shards", "traces"


def compare(
    scenarios: Scenario | str | Path | Sequence[Scenario | str | Path],
    policies: Policy | str | Path | Sequence[Policy | str | Path],
    runs: int = 60,
    seed: int = 0,
    jobs: int | None = None,
    out: str | Path | None = None,
    fidelity: str | None = None,
    cluster: str | None = None,
    quiet: bool = False,
) -> Study:
    """Fly `runs` days of each scenario with each policy and compare them pair by pair.

    `jobs` worker processes, all cores if None; they change no byte of the result. With `out`, rows
    are kept as they arrive: the same call on an interrupted folder flies only what is missing.
    InputError for anything that cannot be flown, MachineError if `out` cannot be written.
    """
    setups = _setups(scenarios, policies, fidelity)
    runs, hands, seed = checked_runs(runs), workers(jobs), checked(seed)
    identity = manifest.identity(setups, runs=runs, seed=seed, batch="compare")
    folder = None if out is None else ResultFolder.claim(out, identity)
    if folder is not None and folder.complete:
        return read(folder, setups, runs, seed)
    todo = tasks(setups, runs, seed)
    rows: dict[str, list[Row]] = {}
    with progress(sum(len(task.runs) for task in todo), quiet) as seen:
        for task, block in _arriving(todo, folder, hands, cluster):
            rows.setdefault(slug(task.setup), []).extend(block)
            seen(block)
    study = Study(
        tuple(setups), runs, seed, _ordered(setups, rows), None if out is None else str(out)
    )
    if folder is not None:
        _finish(folder, study, setups, identity)
    return study


def _arriving(
    todo: list[Task], folder: ResultFolder | None, jobs: int, cluster: str | None
) -> Iterator[tuple[Task, list[Row]]]:
    """Yield what an earlier call has left behind, then what is flown now, kept as it arrives."""
    missing = []
    for task in todo:
        block = None if folder is None else folder.kept(_shard(task), task.identity())
        if block is None:
            missing.append(task)
        else:
            yield task, block
    for task, block in flown(missing, jobs, cluster):
        if folder is not None:
            _keep(folder, task, block)
        yield task, block


def _keep(folder: ResultFolder, task: Task, block: list[Row]) -> None:
    """Write traces first, then the rows: a shard that exists has its traces."""
    for row in block:
        if (trace := row.pop("trace", None)) is not None:
            folder.write(f"{TRACES}/{slug(task.setup)}.jsonl", trace)
    folder.keep(_shard(task), task.identity(), block)


def _shard(task: Task) -> str:
    return f"{SHARDS}/{task.name}.json"


def _finish(
    folder: ResultFolder, study: Study, setups: Sequence[Setup], identity: dict[str, Any]
) -> None:
    """Write tables, drop shards, and write the manifest last: its presence means complete."""
    folder.write("runs.csv", tables.to_csv(tables.RUN_COLUMNS, study.rows))
    folder.write("moves.csv", tables.to_csv(tables.MOVE_COLUMNS, tables.moves(study.rows)))
    folder.write("compare.json", to_json({**study.to_dict(), "out": "."}))
    shards = sorted((folder.path / SHARDS).iterdir()) if (folder.path / SHARDS).is_dir() else []
    kept = [f"{SHARDS}/{path.name}" for path in shards]
    command = manifest.command("compare", setups, runs=identity["runs"], seed=identity["seed"])
    failed = sum(row["error"] is not None for row in study.rows)
    folder.remove(*kept, *([SHARDS] if kept else []))
    done = len(study.rows) - failed
    folder.write(MANIFEST, to_json(manifest.manifest(folder.path, identity, command, done, failed)))
    folder.remove(MARK)


def _ordered(setups: Sequence[Setup], rows: dict[str, list[Row]]) -> list[Row]:
    """Rows by scenario, policy and run: what is summed must not depend on who arrived first."""
    return [
        {"scenario": setup.scenario.stem, "policy": setup.label, **row}
        for setup in setups
        for row in sorted(rows[slug(setup)], key=lambda row: int(row["run"]))
    ]


def _in_a_list(given: One | Sequence[One]) -> list[One]:
    """Return several as they are, and one alone as a list of one."""
    if isinstance(given, str | Path) or not isinstance(given, Iterable):
        return [given]
    return list(given)


def _setups(
    scenarios: Scenario | str | Path | Sequence[Scenario | str | Path],
    policies: Policy | str | Path | Sequence[Policy | str | Path],
    fidelity: str | None,
) -> list[Setup]:
    many: list[Scenario | str | Path] = _in_a_list(scenarios)
    several: list[Policy | str | Path] = _in_a_list(policies)
    if not many or not several:
        raise InputError("nothing to compare: name at least one scenario and one policy")
    setups = [setup for one in many for setup in prepare_all(one, several, fidelity)]
    names = [slug(setup) for setup in setups]
    twice = sorted(
        {f"{s.scenario.stem} with {s.label}" for s in setups if names.count(slug(s)) > 1}
    )
    if twice:
        raise InputError(f"named twice: {', '.join(twice)}; every scenario and policy once")
    return setups
