"""`regress`: what policies do now against what somebody has looked at and committed."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from simcert.errors import InputError, MachineError, listed
from simcert.lab.compare.batch import slug, slug_of
from simcert.lab.compare.cluster import calmly
from simcert.lab.progress import progress
from simcert.lab.regress.judge import Case, judge, runs_to_fly
from simcert.lab.regress.record import Flown, Record, fly
from simcert.lab.regress.suite import FOLDER, SUITE, Suite, refuse_file, relative
from simcert.lab.setup import Setup
from simcert.lab.sizes import workers

if TYPE_CHECKING:
    import pandas as pd

DEFAULTS = {"scenarios": ("same_ca", "android_root_missing", "rare_segment"),
            "policies": ("adaptive",)}  # fmt: skip


@dataclass(frozen=True)
class Regression:
    """The verdicts on a suite, in its order."""

    cases: tuple[Case, ...]
    suite: Suite = field(repr=False)
    folder: str
    fresh_seed: int | None = None
    updated: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the gate is shut: anything changed, or was never recorded, or is gone."""
        return any(not case.fine for case in self.cases)

    def to_dict(self) -> dict[str, Any]:
        """Return what `simcert regress --json` prints."""
        return {
            "results": [case.to_dict() for case in self.cases],
            "changed": self.changed,
            "runs": self.suite.runs,
            "seed": self.suite.seed if self.fresh_seed is None else self.fresh_seed,
            "margin": self.suite.margin,
            "baseline": self.folder,
            "updated": list(self.updated),
        }

    @property
    def summary(self) -> "pd.DataFrame":
        """One row a case and metric that differs: verdict, before, after, diff, ci95."""
        import pandas as pd

        rows = [
            {"scenario": c.scenario, "policy": c.policy, "verdict": c.verdict, **diff}
            for c in self.cases
            for diff in c.to_dict()["diffs"] or [{}]
        ]
        head = ["scenario", "policy", "verdict", "metric", "before", "after", "diff", "ci95"]
        return pd.DataFrame(rows, columns=head)

    def _repr_html_(self) -> str:
        from simcert.lab.html import regression_html

        return regression_html(self)

    def words(self) -> str:
        """Return what changed, in words."""
        from simcert.lab.regress.words import in_words

        return in_words(self)


def regress(
    baseline: str | Path = FOLDER,
    *,
    jobs: int | None = None,
    seed: int | None = None,
    quiet: bool = False,
) -> Regression:
    """Fly the suite of a baseline and judge it; `seed` flies other days than the recorded ones.

    InputError where there is no baseline, or it cannot be read, or was made of another suite.
    """
    folder = Path(baseline)
    suite = Suite.read(folder)
    setups = suite.setups()
    records = {slug(setup): _recorded(folder, setup, suite) for setup in setups}
    _check_seed(seed, suite)
    now = _flown(setups, _days(suite, seed, len(setups)), jobs, quiet)
    cases = [_case(setup, records[slug(setup)], now[slug(setup)], suite, len(setups))
             for setup in setups]  # fmt: skip
    return Regression((*cases, *_gone(folder, records)), suite, str(folder), seed)


def update(
    baseline: str | Path = FOLDER,
    *,
    scenarios: Sequence[str] = (),
    policies: Sequence[str] = (),
    runs: int | None = None,
    jobs: int | None = None,
    quiet: bool = False,
    force: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Regression:
    """Record the suite anew, and tell what that changes; makes the suite where there is none.

    Scenarios, policies and runs replace those of the suite. InputError unless forced: in CI, where
    a baseline is what the change is measured against, and where this deletes recorded cases.
    """
    refuse_in_ci(os.environ if environment is None else environment, force=force)
    folder = Path(baseline)
    refuse_file(folder)
    suite = _suite(folder, relative(scenarios, folder), relative(policies, folder), runs)
    setups = suite.setups()
    if (scenarios or policies) and not force:
        _refuse_to_lose(folder, setups)
    now = _flown(setups, _Days(suite.seed, suite.runs), jobs, quiet)
    before = {slug(setup): _before(folder, setup, suite) for setup in setups}
    cases = [_case(setup, before[slug(setup)], now[slug(setup)], suite, len(setups))
             for setup in setups]  # fmt: skip
    gone = _gone(folder, before)
    with writing(folder):
        if scenarios or policies or runs or not (folder / SUITE).is_file():
            suite.write(folder)
        written = [write(folder, now[name]) for name in now]
        for case in gone:
            (folder / _file(case.scenario, case.policy)).unlink()
    return Regression((*cases, *gone), suite, str(folder), None, tuple(written))


def refuse_in_ci(environment: Mapping[str, str], *, force: bool) -> None:
    """Raise InputError if this is CI, where nobody reviews what would be recorded."""
    if environment.get("CI", "").lower() not in ("", "0", "false") and not force:
        raise InputError(
            "--update: refused, CI is set: a baseline is recorded where somebody reviews and "
            "commits it; add --force if that is meant"
        )


def _refuse_to_lose(folder: Path, setups: Sequence[Setup]) -> None:
    """Raise InputError if a suite of these setups alone would delete what somebody recorded."""
    lost = _gone(folder, {slug(setup): None for setup in setups})
    if lost:
        left_out = listed([f"{case.scenario} with {case.policy}" for case in lost], 3)
        raise InputError(
            f"{folder}: holds what --scenario and --policy leave out, and it would be deleted: "
            f"{left_out}; edit {folder / SUITE}, record elsewhere with --baseline, or add --force"
        )


def flown(setup: Setup, seed: int, runs: int) -> Record:
    """Return the record of one scenario and policy, flown now in this process."""
    return Record.of(setup, seed, [fly(setup, seed, run) for run in range(runs)])


def against(folder: Path, now: Record, margin: float) -> Case:
    """Return the verdict on one record against a folder; `new` if that holds none of it."""
    before = Record.read(folder / _file(now.scenario, now.policy))
    if before is None:
        return Case(now.scenario, now.policy, "new")
    return judge(before, now, margin, cases=1)


def write(folder: Path, record: Record) -> str:
    """Write a record into a baseline folder, whole or not at all; returns the file's name."""
    name = _file(record.scenario, record.policy)
    part = folder / f".{name}.part"
    part.write_text(record.text(), encoding="utf-8", newline="\n")
    part.replace(folder / name)
    return name


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Make the folder; MachineError if it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise MachineError(
            f"{folder}: cannot be written: {error.strerror}; name another --baseline"
        ) from error


def _suite(
    folder: Path, scenarios: tuple[str, ...], policies: tuple[str, ...], runs: int | None
) -> Suite:
    if (folder / SUITE).is_file():
        suite = Suite.read(folder)
    else:
        suite = Suite(DEFAULTS["scenarios"], DEFAULTS["policies"], _folder=folder)
    suite = replace(suite, scenarios=scenarios or suite.scenarios)
    suite = replace(suite, policies=policies or suite.policies, runs=runs or suite.runs)
    if suite.runs < 2:
        raise InputError(f"--runs {runs}: at least 2 runs are needed")
    return suite


def _check_seed(seed: int | None, suite: Suite) -> None:
    if seed is not None and seed == suite.seed:
        raise InputError(f"--seed {seed}: is the baseline's own; leave it out, or name another")


def _recorded(folder: Path, setup: Setup, suite: Suite) -> Record | None:
    path = folder / _file(setup.scenario.stem, setup.label)
    record = Record.read(path)
    if record is None:
        return None
    remedy = "record anew with `simcert regress --update`"
    for what, was, want in (("seed", record.seed, suite.seed),
                            ("runs", len(record.runs), suite.runs)):  # fmt: skip
        if was != want:
            raise InputError(f"{path}: {what}: recorded {was}, {SUITE} asks for {want}; {remedy}")
    if (record.scenario, record.policy) != (setup.scenario.stem, setup.label):
        raise InputError(f"{path}: is of {record.scenario}, {record.policy}; {remedy}")
    return record


def _before(folder: Path, setup: Setup, suite: Suite) -> Record | None:
    """Return what an update replaces; what cannot be read or compared is as good as none."""
    try:
        return _recorded(folder, setup, suite)
    except InputError:
        return None


def _case(setup: Setup, before: Record | None, now: Record, suite: Suite, cases: int) -> Case:
    if before is None:
        return Case(setup.scenario.stem, setup.label, "new")
    return judge(before, now, suite.margin, cases)


def _gone(folder: Path, records: Mapping[str, Record | None]) -> list[Case]:
    """Return what is recorded and flies no more."""
    names = sorted(path.stem for path in folder.glob("*~*.json") if path.stem not in records)
    pairs = (name.partition("~") for name in names)
    return [Case(scenario, policy, "missing") for scenario, _, policy in pairs]


def _file(scenario: str, policy: str) -> str:
    return f"{slug_of(scenario, policy)}.json"


class _Days(NamedTuple):
    """Which days are flown, and how many."""

    seed: int
    runs: int


def _days(suite: Suite, seed: int | None, cases: int) -> _Days:
    """Return the recorded days, or as many others as it takes to prove a change on them."""
    if seed is None:
        return _Days(suite.seed, suite.runs)
    return _Days(seed, runs_to_fly(suite.runs, cases))


def _flown(
    setups: Sequence[Setup], days: _Days, jobs: int | None, quiet: bool
) -> dict[str, Record]:
    """Fly every run of every setup; the number of workers changes no byte."""
    jobs = workers(jobs)
    todo = [(setup, run) for setup in setups for run in range(days.runs)]
    runs: dict[str, list[Flown]] = {slug(setup): [] for setup in setups}
    with progress(len(todo), quiet) as seen:
        for (setup, _), one in zip(todo, _each(todo, days.seed, jobs), strict=True):
            runs[slug(setup)].append(one)
            seen([{"error": None}])
    return {slug(setup): Record.of(setup, days.seed, runs[slug(setup)]) for setup in setups}


def _each(todo: Sequence[tuple[Setup, int]], seed: int, jobs: int) -> Iterator[Flown]:
    if jobs == 1:
        yield from (fly(setup, seed, run) for setup, run in todo)
        return
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    calls = [delayed(fly)(setup, seed, run) for setup, run in todo]
    try:
        with calmly():
            arriving = Parallel(n_jobs=jobs, return_as="generator")(calls)
        yield from arriving
    except TerminatedWorkerError as error:
        raise MachineError("a worker process died, most likely out of memory; --jobs 1") from error
