"""Recorded: a journal of sim or live as tables and figures; only what was seen, never the truth."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcert.lab.replay import file
from simcert.scenario.files import path_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from simcert.control.analyzer import Analyzer
    from simcert.lab.replay.decide import Replayed
    from simcert.model import Policy


@dataclass(frozen=True)
class Recorded:
    """One rollout as its journal tells it."""

    path: Path
    entries: list[dict[str, Any]] = field(repr=False)

    @property
    def policy(self) -> str:
        """Name of the policy that flew."""
        return str(self.entries[0]["policy"])

    @property
    def end(self) -> str | None:
        """`complete`, `rolled_back` or `deadline`; None for one that has not ended."""
        last = self.entries[-1]
        return str(last["end"]) if last["entry"] == "end" else None

    @cached_property
    def timeline(self) -> "pd.DataFrame":
        """One row a window, as `RunResult.timeline`."""
        from simcert.lab.run.timeline import timeline

        return timeline(self.entries)

    @cached_property
    def moves(self) -> "pd.DataFrame":
        """One row a decision that changed the exposure: t_s, exposure, kind, reason."""
        import pandas as pd

        decisions = [one for one in self.entries if one["entry"] == "decision"]
        rows = [
            (one["t"], one["exposure"], one["kind"], one["reason"])
            for one in decisions
            if one["kind"] != "hold"
        ]
        return pd.DataFrame(rows, columns=["t_s", "exposure", "kind", "reason"])

    @cached_property
    def segments(self) -> "pd.DataFrame":
        """One row a segment and arm: units and failed units over the whole record."""
        from simcert.lab.run.timeline import segments

        return segments(self.entries)

    def replay(self, policy: "Policy | str | Path | None" = None) -> "Replayed":
        """Return what its own policy, or another one, decides on the same record."""
        from simcert.lab.replay.decide import replay

        return replay(self.path, policy)

    def evidence(self, policy: "Policy | str | Path | None" = None) -> "Analyzer":
        """Return what its last attempt knew in the end, by the channels of a policy: it merges."""
        from simcert.lab.replay.decide import evidence

        return evidence(self.path, policy)

    def plot(self) -> "Figure":
        """Return exposure with its decisions, and success of both certificates below."""
        from simcert.lab.figures import notebook as figures

        return figures.plot_entries(self.entries, f"{self.path.stem}, {self.policy}: {self.end}")

    def plot_outcomes(self) -> "Figure":
        """Return how handshakes ended with either certificate."""
        from simcert.lab.figures import notebook as figures

        return figures.plot_outcomes(self)

    def plot_segments(self) -> "Figure":
        """Return how much more often each segment failed with the new certificate, over time."""
        from simcert.lab.figures import notebook as figures

        return figures.plot_segments(self)

    def _repr_html_(self) -> str:
        from simcert.lab.html import recorded_html

        return recorded_html(self)


def recorded(journal: str | Path) -> Recorded:
    """Return the rollout that a journal.jsonl tells of; InputError if the file is none."""
    path = path_of("a journal", journal)
    return Recorded(path, file.entries(path))
