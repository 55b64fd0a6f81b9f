"""A batch of runs over worker processes; no crash and no killed worker loses more than its run.

A task is a block of runs of one setup. Its rows depend on nothing but the task, so it does not
matter which worker flies it, how many there are, or whether it is flown again.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from typing import Any

from simcert.lab.compare.cluster import WorkerDiedError, calmly, workers
from simcert.lab.folder import file_text
from simcert.lab.run.result import FIGURES
from simcert.lab.score import score, unmet
from simcert.lab.seeds import seed_of
from simcert.lab.setup import Setup

BLOCK = {"counts": 5, "records": 1}  # runs a task: long enough to outweigh its overhead
KILLED = "the worker process died, most likely out of memory; run this seed alone to see why"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """A block of runs of one setup; run 0 leaves its journal as a trace."""

    setup: Setup
    root: int
    runs: tuple[int, ...]

    @property
    def name(self) -> str:
        """Name of this block, unique in its batch, fit for a file."""
        return f"{slug(self.setup)}~{self.runs[0]:05d}"

    def identity(self) -> dict[str, Any]:
        """Return what its rows depend on, but for the code."""
        return {**self.setup.identity(), "root": self.root, "runs": [*self.runs]}


def slug(setup: Setup) -> str:
    """Return `<scenario>~<policy>` in letters that every file system takes."""
    return slug_of(setup.scenario.stem, setup.label)


def slug_of(scenario: str, policy: str) -> str:
    """Return the slug of a scenario and a policy by their names in results."""
    return file_text(f"{scenario}~{policy}", "~_-.")


def tasks(setups: Sequence[Setup], runs: int, root: int) -> list[Task]:
    """Return the blocks of a batch; their limits depend on nothing but the setup."""
    return [
        Task(setup, root, tuple(range(first, min(first + size, runs))))
        for setup in setups
        for size in (BLOCK[setup.fidelity],)
        for first in range(0, runs, size)
    ]


def fly(task: Task) -> list[Row]:
    """Return a row for each run of a task; a run that crashes is a row with its error."""
    return [_row(task, run) for run in task.runs]


def _row(task: Task, run: int) -> Row:
    seed = seed_of(task.root, task.setup.scenario.stem, run)
    try:
        return _flown(task.setup, run, seed)
    except Exception as error:  # noqa: BLE001 - whatever it was, it must not cost the batch
        return _failed(run, seed, told(error))


def told(error: Exception) -> str:
    """Return what went wrong and where, alike on every machine."""
    frame = extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno})"


def _flown(setup: Setup, run: int, seed: int) -> Row:
    journal = setup.journal(seed) if run == 0 else None
    flight = setup.fly(seed, journal)
    got = score(flight, setup.truth)
    failed = unmet(setup.scenario.expect, got, list(flight.exposure))
    return {
        "run": run,
        "seed": seed,
        **{name: getattr(got, name) for name in (*FIGURES, "attempts")},
        "expect_met": not failed,
        "error": None,
        "moves": [list(move) for move in flight.exposure],
        "trace": journal.text() if journal is not None else None,
    }


def _failed(run: int, seed: int, error: str) -> Row:
    empty = dict.fromkeys((*FIGURES, "attempts", "expect_met"))
    return {"run": run, "seed": seed, **empty, "error": error, "moves": [], "trace": None}


def flown(
    todo: Sequence[Task], jobs: int, cluster: str | None = None
) -> Iterator[tuple[Task, list[Row]]]:
    """Yield each task with its rows as they arrive.

    A pool that died is restarted once; then suspects fly alone, and those that die alone are rows
    with an error.
    """
    if jobs == 1 and cluster is None:
        yield from ((task, fly(task)) for task in todo)
        return
    left = dict(enumerate(todo))
    for _ in range(2):
        if not left or (yield from _pooled(left, jobs, cluster)):
            return
    for task in left.values():
        yield task, [row for run in task.runs for row in _alone(task, run)]


def _pooled(
    left: dict[int, Task], jobs: int, cluster: str | None
) -> Generator[tuple[Task, list[Row]], None, bool]:
    """Fly what is left and take it from `left`; returns whether the pool lived to the end."""
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    calls = [delayed(_numbered)(number, task) for number, task in left.items()]
    try:
        with workers(cluster):
            pool = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
            with calmly():
                arriving = pool(calls)
            for number, rows in arriving:
                yield left.pop(number), rows
    except (TerminatedWorkerError, WorkerDiedError):
        return False
    return True


def _numbered(number: int, task: Task) -> tuple[int, list[Row]]:
    return number, fly(task)


def _alone(task: Task, run: int) -> list[Row]:
    """Fly one run in a process of its own."""
    single = {0: Task(task.setup, task.root, (run,))}
    rows = [row for _, found in _pooled(single, 2, None) for row in found]
    return rows or [_failed(run, seed_of(task.root, task.setup.scenario.stem, run), KILLED)]
