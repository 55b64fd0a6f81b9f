"""Days of candidates: flown by the batch's workers, kept as they arrive, read back on resume."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from simcert.lab.compare.batch import BLOCK, Task, flown
from simcert.lab.folder import ResultFolder
from simcert.lab.setup import Setup
from simcert.lab.tune.progress import Watch
from simcert.lab.tune.score import Day, Days, compact
from simcert.model import Policy

STUDY = "study"


@dataclass(frozen=True, slots=True)
class Flyer:
    """Flies policies through scenarios; what lies in the folder already is not flown again."""

    folder: ResultFolder
    jobs: int
    watch: Watch

    def fly(
        self,
        setups: Sequence[Setup],
        policies: dict[str, Policy],
        root: int,
        first: int,
        until: int,
    ) -> dict[str, Days]:
        """Return runs [first, until) of each policy in each scenario, by label and scenario."""
        todo = [
            Task(replace(one, policy=policy, label=label), root, tuple(runs))
            for label, policy in policies.items()
            for one in setups
            for runs in _blocks(first, until, BLOCK[one.fidelity])
        ]
        kept: dict[str, list[Day] | None] = {task.name: self._read(task) for task in todo}
        missing = [task for task in todo if kept[task.name] is None]
        for task, rows in flown(missing, self.jobs):
            days = kept[task.name] = [compact(row) for row in rows]
            self.folder.keep(_shard(task), task.identity(), days)
            self.watch.days(len(rows))
        found: dict[str, Days] = {label: {} for label in policies}
        for task in todo:
            mine = found[task.setup.label].setdefault(task.setup.scenario.stem, [])
            mine.extend(kept[task.name] or [])
        return found

    def _read(self, task: Task) -> list[Day] | None:
        """Return the days of a task that was flown; InputError if somebody spoiled them."""
        days = self.folder.kept(_shard(task), task.identity())
        self.watch.days(len(days or ()))
        return days


def _shard(task: Task) -> str:
    return f"{STUDY}/{task.name}.json"


def _blocks(first: int, until: int, size: int) -> list[range]:
    return [range(k, min(k + size, until)) for k in range(first, until, size)]


def crashed(days: Days) -> bool:
    """Whether a day of a candidate was lost to an error."""
    return any(day["error"] is not None for flown_ in days.values() for day in flown_)
