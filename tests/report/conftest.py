"""Result folders made from the public values, as `run` and `compare` leave them."""

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simcert.control.journal import Journal
from simcert.lab import statistics as st
from simcert.lab.compare import tables
from simcert.lab.folder import to_json
from simcert.model import Decision, Kind, Window

SEGMENTS = ("tls13/browser", "tls12/android")
OUTCOMES = ("ok", "close", "alert:unknown_ca")
HARMLESS = np.array([0.99, 0.006, 0.004])
START = {"version": 1, "policy": "adaptive", "params": {}, "prior": None, "truth": None}

Moves = Sequence[tuple[float, float, str, str]]
GOOD: Moves = (
    (60.0, 0.02, "raise", "first connections"),
    (300.0, 0.3, "raise", "excess failures at most 0.004 (limit 0.0075, n = 843)"),
    (420.0, 0.1, "lower", "suspicion 4.9 against 4.5"),
    (600.0, 0.95, "raise", "excess failures at most 0.004 (limit 0.0075, n = 2,843)"),
    (3000.0, 1.0, "complete", "soaked"),
)
BAD: Moves = (
    (60.0, 0.1, "raise", "first connections"),
    (600.0, 0.0, "roll_back", "evidence 5.1 nats against limit 4.6, n = 431"),
)


def journal(
    moves: Moves,
    broken: float,
    end: str,
    horizon_s: float = 3600.0,
    reports: tuple[int, int] = (0, 0),
    probes: tuple[int, int] = (0, 0),
) -> str:
    """Return a journal: two segments, the second breaks with the new certificate by `broken`."""
    rng = np.random.Generator(np.random.Philox(7))
    left, entries, exposure = list(moves), Journal(), 0.0
    for start in np.arange(0.0, horizon_s, 60.0):
        window = _window(rng, float(start), exposure, broken)
        now = window.end_s
        entries.window(now, window)
        kind, reason = "hold", "waiting"
        while left and left[0][0] <= now:
            _, exposure, kind, reason = left.pop(0)
        entries.decision(now, Decision(exposure, reason, Kind(kind)))
        if kind != "hold":
            entries.confirm(now, exposure)
    told = {"reports": np.array([reports, (0, 0)]), "probes": np.array([(0, 0), probes])}
    last = Window.empty(horizon_s, horizon_s + 60.0, exposure, SEGMENTS, OUTCOMES, **told)
    entries.window(last.end_s, last)
    entries.end(last.end_s, end)
    start_line = {"entry": "start", **START, "plan": {"target_success": 0.99}}
    return json.dumps(start_line) + "\n" + entries.text()


def _window(rng: np.random.Generator, start: float, exposure: float, broken: float) -> Window:
    units = np.zeros((2, 2, 3), np.int64)
    for s, mean in enumerate((160, 40)):
        n = rng.poisson(mean)
        new = rng.binomial(n, exposure)
        harmed = HARMLESS * (1 - broken * s) + np.array([0, 0, broken * s])
        units[s] = [rng.multinomial(n - new, HARMLESS), rng.multinomial(new, harmed)]
    parts = {"units": units, "attempts": units.copy()}
    return Window.empty(start, start + 60.0, exposure, SEGMENTS, OUTCOMES, **parts)


def seal(folder: Path, batch: str, command: str) -> Path:
    """Write the manifest, last."""
    files = [
        {"path": p.relative_to(folder).as_posix(), "sha256": sha256(p.read_bytes()).hexdigest()}
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    ]
    about = {
        "schema": 1,
        "identity": {"batch": batch},
        "command": command,
        "runs": {"done": 1, "failed": 0},
        "simcert": "0.1.0",
        "revision": {"commit": None, "dirty": None},
        "python": "3.11.7",
        "packages": {"numpy": "2.4.6"},
        "files": files,
    }
    (folder / "manifest.json").write_text(to_json(about))
    return folder


def make_run(folder: Path, moves: Moves = GOOD, broken: float = 0.0, **changes: Any) -> Path:
    """Write the folder of one run; `reports` and `probes` go to its journal."""
    told = {key: changes.pop(key) for key in ("reports", "probes") if key in changes}
    folder.mkdir(parents=True)
    run = {
        "scenario": "same_ca",
        "policy": "adaptive",
        "seed": 7,
        "fidelity": "counts",
        "end": "complete",
        "minutes_to_full": 10.0,
        "harmed_connections": 0,
        "harmed_clients": 0,
        "connections": 12_000,
        "success_rate": 0.9901,
        "false_rollback": False,
        "missed": False,
        "exposure": [],
        "expect": {"met": True, "failed": []},
        "out": ".",
    } | changes
    (folder / "journal.jsonl").write_text(journal(moves, broken, run["end"], **told))
    (folder / "run.json").write_text(to_json(run))
    return seal(folder, "run", f"simcert run {run['scenario']} --policy adaptive --seed 7")


HARM = {"adaptive": 24, "fixed_linear": 5200, "threshold_step": 0, "oracle": 0}
TIME = {"adaptive": 17.0, "fixed_linear": 50.0, "threshold_step": None, "oracle": 0.0}


def study_rows(stems: Sequence[str], runs: int) -> list[dict[str, Any]]:
    """Return rows: the first scenario is good, the others break."""
    return [
        _study_row(stem, policy, run, bad=i > 0)
        for i, stem in enumerate(stems)
        for policy in HARM
        for run in range(runs)
    ]


def _study_row(stem: str, policy: str, run: int, *, bad: bool) -> dict[str, Any]:
    stops = bad and policy in ("adaptive", "oracle")
    minutes = None if stops or TIME[policy] is None else TIME[policy]
    end = "rolled_back" if stops else "complete" if minutes is not None else "deadline"
    return {
        "scenario": stem,
        "policy": policy,
        "run": run,
        "seed": 1000 + run,
        "end": end,
        "minutes_to_full": None if minutes is None else minutes + run / 10,
        "harmed_connections": HARM[policy] + run if bad and HARM[policy] else 0,
        "harmed_clients": 0,
        "connections": 500_000,
        "success_rate": 0.99,
        "false_rollback": False,
        "missed": bad and end == "complete",
        "attempts": 1,
        "expect_met": True,
        "error": None,
        "moves": [[60.0, 0.05, "first"], [900.0, 0.0 if stops else 1.0, "second"]],
    }


def result_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the entry of one scenario and policy in `compare.json`."""
    flown = [r for r in rows if r["error"] is None]
    harm = [r["harmed_connections"] for r in flown]
    figures = {"mean": st.mean(harm), "ci95": st.t_interval(harm), "p95": st.p95(harm)}
    minutes = [
        float("inf") if r["minutes_to_full"] is None else r["minutes_to_full"] for r in flown
    ]
    share = {
        f"{end}_share": sum(r["end"] == end for r in flown) / len(flown) if flown else None
        for end in ("complete", "rolled_back", "deadline")
    }
    return {
        "scenario": rows[0]["scenario"],
        "policy": rows[0]["policy"],
        "runs": len(rows),
        "failed_runs": len(rows) - len(flown),
        "harmed_connections": figures,
        "harmed_clients": figures,
        "minutes_to_full": {"median": st.median(minutes), "p95": st.p95(minutes)},
        **share,
        "false_rollback_share": 0.0,
        "missed_share": sum(r["missed"] for r in flown) / len(flown) if flown else None,
        "oracle_ratio": None,
    }


def make_study(
    folder: Path,
    stems: Sequence[str] = ("same_ca", "android_root_missing"),
    runs: int = 8,
    alter: Callable[[dict[str, Any]], dict[str, Any]] = dict,
) -> Path:
    """Write the folder of a batch; `alter` may change rows before anything follows from them."""
    (folder / "traces").mkdir(parents=True)
    rows = [alter(row) for row in study_rows(stems, runs)]
    for stem in stems:
        good = stem == stems[0]
        text = journal(GOOD, 0.0, "complete") if good else journal(BAD, 1.0, "rolled_back")
        name = "".join(c if c.isalnum() or c in "~_-." else "-" for c in f"{stem}~adaptive")
        (folder / "traces" / f"{name}.jsonl").write_text(text)
    (folder / "runs.csv").write_text(tables.to_csv(tables.RUN_COLUMNS, rows))
    (folder / "moves.csv").write_text(tables.to_csv(tables.MOVE_COLUMNS, tables.moves(rows)))
    by: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        by.setdefault((row["scenario"], row["policy"]), []).append(row)
    about = [
        {"scenario": stem, "summary": f"About {stem}.", "harmed_share": 0.03 * (i > 0)}
        for i, stem in enumerate(stems)
    ]
    pair = {
        "scenario": stems[-1],
        "a": "adaptive",
        "b": "fixed_linear",
        "metric": "harmed_connections",
        "diff": -5176.0,
        "ci95": [-5200.0, -5150.0],
    }
    study = {
        "runs": runs,
        "seed": 1,
        "fidelity": "counts",
        "scenarios": about,
        "results": [result_of(rows) for rows in by.values()],
        "pairs": [pair],
        "out": ".",
    }
    (folder / "compare.json").write_text(to_json(study))
    return seal(folder, "compare", "simcert compare same_ca --runs 8")


@pytest.fixture(name="make_run")
def _make_run() -> Callable[..., Path]:
    return make_run


@pytest.fixture(name="make_study")
def _make_study() -> Callable[..., Path]:
    return make_study


@pytest.fixture(scope="session")
def a_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A break that was stopped."""
    folder = tmp_path_factory.mktemp("run") / "out"
    changes = {"end": "rolled_back", "minutes_to_full": None, "harmed_connections": 41}
    return make_run(folder, BAD, 1.0, harmed_clients=20, **changes)


@pytest.fixture(scope="session")
def a_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good rotation and a break, four policies."""
    return make_study(tmp_path_factory.mktemp("study") / "out")
