"""`tune`: search a policy's parameters, then ask fresh days whether the find was luck."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcert.errors import InputError
from simcert.lab import figures, manifest
from simcert.lab import tune_words as words
from simcert.lab.folder import ResultFolder
from simcert.lab.html import tuned_html
from simcert.lab.seeds import BITS, checked
from simcert.lab.setup import Setup, prepare
from simcert.lab.tune_days import Flyer
from simcert.lab.tune_folder import leave, told_of
from simcert.lab.tune_progress import watched
from simcert.lab.tune_score import Limits, Score, Story, score
from simcert.lab.tune_search import Search, Trial, optuna_
from simcert.lab.tune_space import space
from simcert.lab.tune_verdict import Comparison, compared
from simcert.model import Policy
from simcert.scenario import Scenario, policies, stems

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

FRONT_MAX = 8  # members of the front that are flown again


@dataclass(frozen=True)
class Member:
    """A member of the front: what it showed in the search, and on days that it never saw."""

    trial: Trial
    fresh: Score
    comparison: tuple[Comparison, ...]

    @property
    def fit(self) -> bool:
        """Whether fresh days find no constraint broken and no scenario surely worse."""
        return self.fresh.feasible and not any(one.verdict == "worse" for one in self.comparison)


@dataclass(frozen=True, repr=False)
class Tuned:
    """A finished study; `chosen` is None where nothing is better than the defaults."""

    search: Search
    seed: int
    members: tuple[Member, ...]
    chosen: Member | None
    final: tuple[Comparison, ...]
    importances: dict[str, dict[str, float]]
    fresh: int  # days of each judgement
    out: str

    def to_dict(self) -> dict[str, Any]:
        """Return what `simcert tune --json` prints."""
        front = [_entry(one) for one in self.members]
        chosen = self.chosen
        return {
            "trials": len(self.search.trials),
            "seed": self.seed,
            "front": front,
            "chosen": {
                "params": chosen.trial.params if chosen else {},
                "policy": words.CHOSEN,
                "why": words.why(self),
                "scenarios": [one.to_dict() for one in self.final],
            },
            "out": self.out,
        }

    def words(self) -> str:
        """Return the study in words."""
        return words.summary(self)

    @cached_property
    def trials(self) -> "pd.DataFrame":
        """One row a candidate: log ratios of harm and time to the defaults, and its parameters."""
        import pandas as pd

        return pd.json_normalize(told_of(self).trials)

    @cached_property
    def scenarios(self) -> "pd.DataFrame":
        """One row a scenario: the chosen point against the defaults, with its interval."""
        import pandas as pd

        return pd.DataFrame([one.to_dict() for one in self.final])

    def plot(self) -> "Figure":
        """Return all candidates, the front, and what fresh days left of it."""
        return figures.plot_front(told_of(self))

    def plot_importances(self) -> "Figure":
        """Return how much each parameter explains of harm and of time."""
        return figures.plot_importances(told_of(self))

    def plot_scenarios(self) -> "Figure":
        """Return the chosen point against the defaults, scenario by scenario."""
        return figures.plot_scenarios(told_of(self))

    def __repr__(self) -> str:
        return f"<Tuned {len(self.search.trials)} trials: {words.why(self)}>"

    def _repr_html_(self) -> str:
        return tuned_html(self)


def _entry(one: Member) -> dict[str, Any]:
    found = one.trial.score
    assert found is not None
    return {
        "params": one.trial.params,
        "harmed_connections": found.harmed_connections,
        "minutes_to_full": found.minutes_to_full,
        "fresh": {
            "harmed_connections": one.fresh.harmed_connections,
            "minutes_to_full": one.fresh.minutes_to_full,
            "harm_ratio": words.ratio(one.fresh.harm),
            "time_ratio": words.ratio(one.fresh.time),
            "fit": one.fit,
        },
    }


def tune(
    scenarios: Sequence[str | Path | Scenario],
    policy: str | Path | Policy = "adaptive",
    trials: int = 40,
    seed: int = 0,
    jobs: int | None = None,
    out: str | Path = "results/tune",
    *,
    knobs: Sequence[str] = (),
    space_file: str | Path | None = None,
    held_out: Sequence[str | Path | Scenario] | None = None,
    runs: int = 12,
    fresh: int = 24,
    false_rollback_max: float = 0.01,
    detection_max: float = 1.25,
    quiet: bool = False,
) -> Tuned:
    """Search for parameters with less harm and less time than the policy has now.

    `knobs` name parameters (`NAME`, `NAME=LOW:HIGH`, `NAME=A|B`); `held_out` are scenarios that
    only judge the chosen point: all built-in ones that are not searched, if None. Equal calls give
    equal bytes whatever `jobs`, and an interrupted one goes on. InputError for what cannot be
    searched or a corrupt study, MachineError without Optuna or if `out` cannot be written.
    """
    optuna_()
    for name, number, least in (("trials", trials, 1), ("runs", runs, 2), ("fresh", fresh, 2)):
        if number < least:
            raise InputError(f"--{name} {number}: at least {least}")
    made = policies.parse(policy) if isinstance(policy, str | Path) else policy
    found = space(made, knobs, space_file)
    setups = [prepare(one, made) for one in _unique(scenarios)]
    others = [prepare(one, made) for one in _others(setups, held_out)]
    limits = Limits(false_rollback_max, detection_max)
    identity = manifest.identity([*setups, *others], runs=runs, seed=checked(seed), batch="tune")
    asked = {
        "trials": trials,
        "fresh": fresh,
        "limits": repr(limits),
        "space": list(map(str, found)),
    }
    asked |= {"searched": len(setups), "optuna": metadata.version("optuna")}
    identity |= asked
    folder = ResultFolder.claim(out, identity)
    workers = jobs or len(os.sched_getaffinity(0))
    total = trials * runs * len(setups)
    with watched(total, trials, quiet) as watch:
        flyer = Flyer(folder, workers, watch.days)
        search = Search(made, found, setups, limits, runs, seed, flyer, watch.batch)
        search.run(trials)
        tuned = _judged(search, others, fresh, str(folder.path))
    leave(folder, tuned, identity, [*setups, *others])
    return tuned


def _judged(search: Search, others: list[Setup], fresh: int, out: str) -> Tuned:
    """Fly the front on fresh days, choose on those, and judge the choice on others again."""
    best = sorted(search.front(), key=_sum)[:FRONT_MAX]
    members = _members(search, best, fresh)
    chosen = min((one for one in members if _gains(one)), key=_fresh_sum, default=None)
    final = _final(search, chosen, others, fresh) if chosen is not None else ()
    importances = search.importances()
    return Tuned(search, search.seed, tuple(members), chosen, final, importances, fresh, out)


def _gains(one: Member) -> bool:
    return one.fit and _fresh_sum(one) < 0.0


def _fresh_sum(one: Member) -> float:
    return one.fresh.harm + one.fresh.time


def _sum(trial: Trial) -> tuple[float, int]:
    assert trial.score is not None
    return trial.score.harm + trial.score.time, trial.number


def _members(search: Search, front: Sequence[Trial], fresh: int) -> list[Member]:
    known: dict[str, Policy] = {"fresh-defaults": search.policy}
    known |= {f"fresh-{one.label}": one.policy for one in front if one.policy is not None}
    root = other_root(search.seed, "fresh")
    flown = search.flyer.fly(search.setups, known, root, 0, fresh)
    base = flown["fresh-defaults"]
    members = []
    for one in front:
        days = flown[f"fresh-{one.label}"]
        found = score(search.stories, days, base, search.limits)
        members.append(Member(one, found, tuple(compared(search.stories, days, base))))
    return members


def _final(
    search: Search, chosen: Member, others: Sequence[Setup], fresh: int
) -> tuple[Comparison, ...]:
    """Return chosen against defaults on days that neither search nor choice has seen."""
    assert chosen.trial.policy is not None
    known = {"final-defaults": search.policy, "final-chosen": chosen.trial.policy}
    setups = [*search.setups, *others]
    flown = search.flyer.fly(setups, known, other_root(search.seed, "final"), 0, fresh)
    stories = [Story.of(one) for one in setups]
    found = compared(stories, flown["final-chosen"], flown["final-defaults"])
    held = {one.scenario.stem for one in others}
    return tuple(replace(one, held_out=one.scenario in held) for one in found)


def other_root(seed: int, word: str) -> int:
    """Return a root seed whose days have nothing in common with those of `seed`."""
    return int.from_bytes(sha256(f"{word} {seed}".encode()).digest()[:8], "big") >> (64 - BITS)


def _unique(scenarios: Sequence[str | Path | Scenario]) -> list[str | Path | Scenario]:
    if not scenarios:
        raise InputError("nothing to tune for: name at least one scenario")
    names = [str(one.stem if isinstance(one, Scenario) else one) for one in scenarios]
    twice = sorted({one for one in names if names.count(one) > 1})
    if twice:
        raise InputError(f"named twice: {', '.join(twice)}; every scenario once")
    return list(scenarios)


def _others(
    setups: Sequence[Setup], held_out: Sequence[str | Path | Scenario] | None
) -> list[str | Path | Scenario]:
    used = {one.scenario.stem for one in setups}
    if held_out is None:
        return [path for stem, path in sorted(stems().items()) if stem not in used]
    return list(held_out)
