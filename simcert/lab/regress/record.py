"""A record: what one policy did in one scenario, run by run, small enough to commit.

A run keeps its figures, the digest of all its decisions, one letter for each decision (so that the
tick at which two runs part can be named), the moves of exposure, and a digest of the first window,
which no policy can have touched: if that differs, other traffic was drawn.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import simcert
from simcert.control.journal import Journal
from simcert.errors import InputError
from simcert.lab.score import score
from simcert.lab.seeds import seed_of
from simcert.lab.setup import Setup
from simcert.model import given
from simcert.scenario.lines import LineFinder
from simcert.scenario.strict import Problems, build

SCHEMA = 1
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
SIZE_MAX = 50_000_000  # bytes; a larger file is no record of ours


@dataclass(frozen=True, slots=True)
class Flown:
    """One run; `decided` is what was decided when, which only a run flown just now has."""

    run: int
    seed: int
    end: str
    harmed_connections: int
    harmed_clients: int
    mean_exposure: float
    digest: str  # of every decision: time, exposure, kind, reason, memory
    letters: str  # one of 64 for each decision
    traffic: str  # digest of the first window
    moves: str  # `t:exposure`, seconds and shares
    minutes_to_full: float | None = None
    _decided: tuple[tuple[float, float, str], ...] = field(default=(), compare=False)

    def exposure_at(self, t_s: float) -> float:
        """Return the exposure in force at a moment."""
        pairs = (move.split(":") for move in self.moves.split())
        return next((float(e) for t, e in reversed([*pairs]) if float(t) <= t_s), 0.0)

    @property
    def decided(self) -> tuple[tuple[float, float, str], ...]:
        """Time, exposure and reason of each decision."""
        return self._decided


@dataclass(frozen=True, slots=True)
class Record:
    """All runs of one scenario and policy, and what they depend on."""

    scenario: str
    policy: str
    parameters: str
    fidelity: str
    world: str  # digest of the scenario as built
    seed: int
    runs: tuple[Flown, ...]
    schema: int = SCHEMA
    simcert: str = simcert.__version__

    @classmethod
    def of(cls, setup: Setup, seed: int, runs: Sequence[Flown]) -> Self:
        """Return the record of runs that were flown."""
        of = setup.identity()
        return cls(
            of["scenario"],
            of["policy"],
            of["parameters"],
            of["fidelity"],
            of["world"],
            seed,
            tuple(runs),
        )

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return the record in a file, None if there is none; InputError if it is not ours."""
        try:
            if not path.exists():
                return None
            table = json.loads(given.text(path, SIZE_MAX, _REMEDY))
        except (OSError, ValueError, RecursionError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{path}: cannot be read: {error}; {_REMEDY}") from error
        return cls._made(path, table)

    @classmethod
    def _made(cls, path: Path, table: Any) -> Self:  # noqa: ANN401 - JSON
        found = table.get("schema") if isinstance(table, dict) else None
        if found != SCHEMA:
            said = f"baseline of another version: schema {found!r}, this simcert reads {SCHEMA}"
            raise InputError(f"{path}: {said}; {_REMEDY}")
        problems = Problems(str(path), LineFinder())
        for one in table["runs"] if isinstance(table.get("runs"), list) else []:
            if isinstance(one, dict) and one.get("minutes_to_full", 0) is None:
                del one["minutes_to_full"]  # TOML, which `build` reads, has no null
        record: Self | None = build(cls, table, "", problems)
        try:
            problems.check()
        except InputError as error:
            raise InputError(f"{error}\n{_REMEDY}") from error
        assert record is not None  # nothing was found wrong
        return record

    def text(self) -> str:
        """Return the file's text: one line a run, so that a change shows in a review."""
        head = {k: v for k, v in _plain(self).items() if k != "runs"}
        lines = ",\n".join(json.dumps(_plain(run), sort_keys=True) for run in self.runs)
        body = json.dumps(head, indent=1, sort_keys=True).removesuffix("\n}")
        return f'{body},\n "runs": [\n{lines}\n ]\n}}\n'


_REMEDY = "restore it from version control, or record anew with `simcert regress --update`"


def _plain(value: Any) -> dict[str, Any]:  # noqa: ANN401 - a dataclass of ours
    hidden = {one.name for one in fields(value) if one.name.startswith("_")}
    return {k: v for k, v in asdict(value).items() if k not in hidden}


def fly(setup: Setup, root: int, run: int) -> Flown:
    """Return one run, flown now; equal arguments and equal code give an equal value."""
    seed, ear = seed_of(root, setup.scenario.stem, run), _Ear()
    flight = setup.fly(seed, Journal(sink=ear, keep=0))
    got = score(flight, setup.truth)
    horizon_s = setup.spec.horizon_s
    return Flown(
        run=run,
        seed=seed,
        end=got.end,
        minutes_to_full=got.minutes_to_full,
        harmed_connections=int(got.harmed_connections),
        harmed_clients=int(got.harmed_clients),
        mean_exposure=_mean(flight.exposure, horizon_s),
        digest=ear.all.hexdigest()[:32],
        letters="".join(ear.letters),
        traffic=ear.traffic,
        moves=" ".join(f"{t:g}:{e:.6g}" for t, e, _ in flight.exposure),
        _decided=tuple(ear.decided),
    )


class _Ear:
    """Listens to a journal, and keeps what tells one flight from another."""

    def __init__(self) -> None:
        self.all = sha256()
        self.letters: list[str] = []
        self.traffic = ""
        self.decided: list[tuple[float, float, str]] = []

    def __call__(self, line: str) -> None:
        entry: Mapping[str, Any]
        if line.startswith('{"entry":"decision"'):
            self.all.update(line.encode())
            self.letters.append(LETTERS[sha256(line.encode()).digest()[0] % 64])
            entry = json.loads(line)
            self.decided.append((float(entry["t"]), float(entry["exposure"]), entry["reason"]))
        elif not self.traffic and line.startswith('{"entry":"window"'):
            self.traffic = sha256(line.encode()).hexdigest()[:16]


def _mean(moves: Sequence[tuple[float, float, str]], horizon_s: float) -> float:
    """Return the mean exposure over the whole horizon."""
    edges = [t for t, _, _ in moves] + [horizon_s]
    spans = zip(edges, edges[1:], moves, strict=False)
    return float(sum((end - begin) * move[1] for begin, end, move in spans) / horizon_s)
