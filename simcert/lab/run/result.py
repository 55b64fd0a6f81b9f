"""`run`: one rollout of one policy through one scenario, with one seed."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcert.control.journal import Journal
from simcert.lab import manifest
from simcert.lab.folder import MANIFEST, MARK, ResultFolder, to_json
from simcert.lab.run.connections import connections
from simcert.lab.score import Score, score, unmet
from simcert.lab.seeds import checked
from simcert.lab.setup import Setup, prepare
from simcert.model import Policy
from simcert.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Moves = list[tuple[float, float, str]]


@dataclass(frozen=True)
class RunResult:
    """What one rollout did, with the truth that only a simulation knows."""

    setup: Setup = field(repr=False)
    seed: int
    score: Score
    exposure: Moves = field(repr=False)
    entries: list[dict[str, Any]] = field(repr=False)
    failed: list[str]
    out: str | None = None

    @property
    def scenario(self) -> str:
        """Stem of the scenario."""
        return self.setup.scenario.stem

    @property
    def policy(self) -> str:
        """How the policy was named."""
        return self.setup.label

    @property
    def end(self) -> str:
        """`complete`, `rolled_back` or `deadline`."""
        return self.score.end

    def to_dict(self) -> dict[str, Any]:
        """Return what `simcert run --json` prints."""
        figures = {name: getattr(self.score, name) for name in FIGURES}
        return {
            "scenario": self.scenario,
            "policy": self.policy,
            "seed": self.seed,
            "fidelity": self.setup.fidelity,
            **figures,
            "exposure": [list(move) for move in self.exposure],
            "expect": {"met": not self.failed, "failed": self.failed},
            "out": self.out,
        }

    @cached_property
    def timeline(self) -> "pd.DataFrame":
        """One row a window: units and failures of both arms, exposure, evidence, reason."""
        from simcert.lab.run.timeline import timeline

        return timeline(self.entries)

    @cached_property
    def moves(self) -> "pd.DataFrame":
        """One row a change of exposure: t_s, exposure, reason."""
        import pandas as pd

        return pd.DataFrame(self.exposure, columns=["t_s", "exposure", "reason"])

    @cached_property
    def segments(self) -> "pd.DataFrame":
        """One row a segment and arm: units and failed units over the whole run."""
        from simcert.lab.run.timeline import segments

        return segments(self.entries)

    def words(self) -> str:
        """Return the run in words, with every change of exposure."""
        from simcert.lab.words import run_in_words

        return run_in_words(self)

    def plot(self) -> "Figure":
        """Return exposure over time with decisions, and success of both arms below it."""
        from simcert.lab.figures import notebook as figures

        return figures.plot_run(self)

    def plot_outcomes(self) -> "Figure":
        """Return how handshakes ended with either certificate."""
        from simcert.lab.figures import notebook as figures

        return figures.plot_outcomes(self)

    def plot_segments(self) -> "Figure":
        """Return how much more often each segment failed with the new certificate, over time."""
        from simcert.lab.figures import notebook as figures

        return figures.plot_segments(self)

    def _repr_html_(self) -> str:
        from simcert.lab.html import run_html

        return run_html(self)


FIGURES = (
    "end",
    "minutes_to_full",
    "harmed_connections",
    "harmed_clients",
    "connections",
    "success_rate",
    "false_rollback",
    "missed",
)


def run(
    scenario: Scenario | str | Path,
    policy: Policy | str | Path = "adaptive",
    seed: int = 0,
    fidelity: str | None = None,
    out: str | Path | None = None,
    records: str | Path | None = None,
) -> RunResult:
    """Fly one rollout; with `out`, leave journal.jsonl, run.json and manifest.json in that folder.

    `records` names a new Parquet file for every handshake attempt (fidelity `records`).

    InputError for anything that cannot be flown, MachineError if `out` cannot be written.
    """
    asked = fidelity or (None if records is None else "records")
    setup, seed = prepare(scenario, policy, asked), checked(seed)
    identity = manifest.identity([setup], runs=1, seed=seed, batch="run")
    about = {"scenario": setup.scenario.stem, "policy": setup.label, "seed": str(seed)}
    with connections(records, about) as file:
        folder = None if out is None else ResultFolder.claim(out, identity)
        journal = setup.journal(seed)
        flight = setup.fly(seed, journal, None if file is None else file.add)
    got = score(flight, setup.truth)
    moves = list(flight.exposure)
    failed = unmet(setup.scenario.expect, got, moves)
    place = None if out is None else str(out)
    result = RunResult(setup, seed, got, moves, journal.entries(), failed, place)
    if folder is not None:
        _write(folder, result, journal, identity)
    return result


def _write(
    folder: ResultFolder, result: RunResult, journal: Journal, identity: dict[str, Any]
) -> None:
    folder.write("journal.jsonl", journal.text())
    folder.write("run.json", to_json({**result.to_dict(), "out": "."}))
    command = manifest.command("run", [result.setup], seed=result.seed)
    folder.write(MANIFEST, to_json(manifest.manifest(folder.path, identity, command, 1, 0)))
    folder.remove(MARK)
