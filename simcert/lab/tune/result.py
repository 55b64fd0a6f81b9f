"""Tuned: what a study found, as figures with their fresh judgement, as tables, and in words."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from simcert.lab.figures import notebook as figures
from simcert.lab.html import tuned_html
from simcert.lab.tune import words
from simcert.lab.tune.folder import told_of
from simcert.lab.tune.score import Score
from simcert.lab.tune.search import Search, Trial
from simcert.lab.tune.verdict import Comparison

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


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
