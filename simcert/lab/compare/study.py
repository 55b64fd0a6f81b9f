"""Study: what a batch found, as figures with intervals, as tables, and in words."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from math import inf
from typing import TYPE_CHECKING, Any

from simcert.lab import statistics as st
from simcert.lab.compare import tables
from simcert.lab.score import information_bound
from simcert.lab.setup import Setup

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

METRICS = ("harmed_connections", "harmed_clients", "minutes_to_full")
ENDS = ("complete", "rolled_back", "deadline")
METHOD = "means and paired differences: Student's t; shares: Wilson's score; level 0.95"


@dataclass(frozen=True)
class Study:
    """Rows of all runs (scenario, policy and run in order) and what follows from them."""

    setups: tuple[Setup, ...] = field(repr=False)
    planned: int
    seed: int
    rows: list[dict[str, Any]] = field(repr=False)
    out: str | None = None

    @property
    def failed_runs(self) -> int:
        """Runs that crashed: rows with a seed and an error."""
        return sum(row["error"] is not None for row in self.rows)

    def of(self, setup: Setup) -> list[dict[str, Any]]:
        """Return the rows of one scenario and policy that did not crash."""
        key = (setup.scenario.stem, setup.label)
        mine = [row for row in self.rows if (row["scenario"], row["policy"]) == key]
        return [row for row in mine if row["error"] is None]

    @cached_property
    def results(self) -> list[dict[str, Any]]:
        """One entry a scenario and policy."""
        return [self._result(setup) for setup in self.setups]

    @cached_property
    def differences(self) -> list[dict[str, Any]]:
        """Paired difference a - b for each pair of policies in a scenario, and each metric."""
        by_scenario: dict[str, list[Setup]] = {}
        for setup in self.setups:
            by_scenario.setdefault(setup.scenario.stem, []).append(setup)
        return [
            self._pair(a, b, metric)
            for setups in by_scenario.values()
            for a, b in combinations(setups, 2)
            for metric in METRICS
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return what `simcert compare --json` prints."""
        fidelities = {setup.fidelity for setup in self.setups}
        return {
            "runs": self.planned,
            "seed": self.seed,
            "fidelity": fidelities.pop() if len(fidelities) == 1 else "mixed",
            "scenarios": self.scenarios,
            "results": self.results,
            "pairs": self.differences,
            "method": METHOD,
            "out": self.out,
        }

    @property
    def scenarios(self) -> list[dict[str, Any]]:
        """What was at stake in each scenario: its summary, and the share of clients that break."""
        about = {setup.scenario.stem: setup for setup in self.setups}
        return [
            {"scenario": k, "summary": s.scenario.summary, "harmed_share": s.truth.harmed_share}
            for k, s in about.items()
        ]

    @cached_property
    def summary(self) -> "pd.DataFrame":
        """One row a scenario and policy; nested figures as `harmed_connections.mean` and so on."""
        import pandas as pd

        return pd.json_normalize(self.results)

    @cached_property
    def pairs(self) -> "pd.DataFrame":
        """One row a pair of policies and metric."""
        import pandas as pd

        return pd.DataFrame(self.differences)

    @cached_property
    def runs(self) -> "pd.DataFrame":
        """One row a run."""
        import pandas as pd

        return pd.DataFrame(self.rows).drop(columns="moves")

    @cached_property
    def moves(self) -> "pd.DataFrame":
        """One row a change of exposure of each run: when (t_s), to which exposure, and why."""
        import pandas as pd

        return pd.DataFrame(tables.moves(self.rows), columns=list(tables.MOVE_COLUMNS))

    def plot_pairs(self, metric: str = "harmed_connections") -> "Figure":
        """Return the paired differences of a metric with their 95 % intervals."""
        from simcert.lab.figures.shares import plot_pairs

        return plot_pairs(self, metric)

    def plot_days(self, scenario: str | None = None, run: int = 0) -> "Figure":
        """Return the exposure of one run under each policy, in one scenario (the first)."""
        from simcert.lab.figures import notebook as figures

        return figures.plot_days(self, scenario, run)

    def plot(self) -> "Figure":
        """Return harm against time to full exposure for all policies."""
        from simcert.lab.figures import notebook as figures

        return figures.plot_study(self)

    def words(self) -> str:
        """Return the verdict in words that a newcomer understands."""
        from simcert.lab.words import in_words

        return in_words(self)

    def _repr_html_(self) -> str:
        from simcert.lab.html import study_html

        return study_html(self)

    def _result(self, setup: Setup) -> dict[str, Any]:
        rows = self.of(setup)
        ends = [row["end"] for row in rows]
        hits = {f"{end}_share": ends.count(end) for end in ENDS}
        hits["false_rollback_share"] = sum(row["false_rollback"] for row in rows)
        hits["missed_share"] = sum(row["missed"] for row in rows)
        n = len(rows)
        harmed = _values(rows, "harmed_connections")
        minutes = _values(rows, "minutes_to_full")
        return {
            "scenario": setup.scenario.stem,
            "policy": setup.label,
            "runs": self.planned,
            "failed_runs": self.planned - n,
            "harmed_connections": _harm(harmed),
            "harmed_clients": _harm(_values(rows, "harmed_clients")),
            "minutes_to_full": {"median": st.median(minutes), "p95": st.p95(minutes)},
            **{name: count / n if n else None for name, count in hits.items()},
            "shares_ci95": {name: st.wilson(count, n) for name, count in hits.items()},
            "oracle_ratio": _ratio(st.mean(harmed), information_bound(setup.truth)),
        }

    def _pair(self, a: Setup, b: Setup, metric: str) -> dict[str, Any]:
        left, right = ({row["run"]: row for row in self.of(setup)} for setup in (a, b))
        both = sorted(left.keys() & right.keys())
        diffs = st.differences(
            _values([left[run] for run in both], metric),
            _values([right[run] for run in both], metric),
        )
        return {
            "scenario": a.scenario.stem,
            "a": a.label,
            "b": b.label,
            "metric": metric,
            "diff": st.mean(diffs),
            "ci95": st.t_interval(diffs),
        }


def _harm(values: Sequence[float]) -> dict[str, Any]:
    return {"mean": st.mean(values), "ci95": st.t_interval(values), "p95": st.p95(values)}


def _values(rows: Sequence[dict[str, Any]], metric: str) -> list[float]:
    return [inf if row[metric] is None else row[metric] for row in rows]


def _ratio(mean: float | None, bound: float | None) -> float | None:
    return None if mean is None or not bound else mean / bound
