"""The suite that a baseline stands for: which policies fly which scenarios, how often.

`suite.toml` lies in the baseline folder and is written by hand; the files beside it are records.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Self

from simcert.errors import InputError
from simcert.lab.compare.batch import slug
from simcert.lab.outputs import folder_for
from simcert.lab.setup import Setup, prepare_all
from simcert.model.bounds import Within
from simcert.scenario.files import parsed
from simcert.scenario.strict import Problems, build

SCHEMA = 1
SUITE = "suite.toml"
FOLDER = Path("simcert-baseline")  # where `simcert regress` looks unless told
Margin = Annotated[float, Within(0.0, 1.0, open_low=True)]


@dataclass(frozen=True, slots=True)
class Suite:
    """Every policy flies every scenario `runs` times; `margin` is the change that nobody minds.

    Scenarios and policies are what a user would type; paths are relative to the suite's file.
    """

    scenarios: tuple[str, ...]
    policies: tuple[str, ...]
    schema: int = SCHEMA
    seed: Annotated[int, Within(0)] = 1
    runs: Annotated[int, Within(2, 1000)] = 12
    margin: Margin = 0.05  # share of the mean before
    _folder: Path = Path()

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return the suite of a baseline folder; InputError says what to do where there is none."""
        path = folder / SUITE
        refuse_file(folder)
        if not path.is_file():
            raise InputError(
                f"{folder}: holds no baseline ({SUITE} is missing); `simcert regress --baseline "
                f"{folder} --update` records one, to be committed"
            )
        table, lines = parsed(path)
        problems = Problems(str(path), lines)
        suite: Self | None = build(cls, table, "", problems)
        if suite is not None:
            suite._check(problems)
        problems.check()
        assert suite is not None  # nothing was found wrong
        return replace(suite, _folder=folder)

    def _check(self, problems: Problems) -> None:
        if self.schema != SCHEMA:
            problems.add("schema", f"this version reads schema {SCHEMA}, got {self.schema}")
        for key, names in (("scenarios", self.scenarios), ("policies", self.policies)):
            if not names:
                problems.add(key, "must name at least one")
            if twice := [name for name in names if names.count(name) > 1]:
                problems.add(key, f'names "{twice[0]}" twice')

    def write(self, folder: Path) -> Self:
        """Write it as the suite of a folder; paths are made relative to that."""
        text = (
            "# Which policies fly which scenarios; `simcert regress --update` records them anew.\n"
            f"schema = {self.schema}\n"
            f"scenarios = {_listed(self.scenarios)}\n"
            f"policies = {_listed(self.policies)}\n"
            f"runs = {self.runs}\n"
            f"seed = {self.seed}\n"
            f"margin = {self.margin}  # share of the mean before that may change\n"
        )
        (folder / SUITE).write_text(text, encoding="utf-8")
        return replace(self, _folder=folder)

    def setups(self) -> list[Setup]:
        """Return the setup of each scenario and policy."""
        chosen = [self._place(name) for name in self.policies]
        setups = [
            setup for name in self.scenarios for setup in prepare_all(self._place(name), chosen)
        ]
        names = [slug(setup) for setup in setups]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            said = f"two cases are called {twice[0].replace('~', ', ')}; rename one of the files"
            raise InputError(f"{self._folder / SUITE}: {said}")
        return setups

    def _place(self, name: str) -> str:
        return str((self._folder / name).resolve()) if is_file(name) else name


def relative(names: Sequence[str], folder: Path) -> tuple[str, ...]:
    """Return names as a suite in `folder` writes them: files relative to it."""
    return tuple(_from(folder, name) if is_file(name) else name for name in names)


def refuse_file(folder: Path) -> None:
    """Raise InputError if a baseline folder is, or lies in, a file."""
    folder_for("--baseline", folder)


def is_file(name: str) -> bool:
    """Return whether a scenario or policy is named by a file, perhaps with parameters."""
    return name.partition(":")[0].endswith((".toml", ".py"))


def _from(folder: Path, name: str) -> str:
    path, home = Path(name).resolve(), folder.resolve()
    for up, parent in enumerate((home, *home.parents)):
        if path.is_relative_to(parent):
            return "/".join([*[".."] * up, path.relative_to(parent).as_posix()])
    return str(path)


def _listed(names: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"
