"""Cells: one world, one steering, many campaigns; kept on disk, so that a proof can be resumed."""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from time import perf_counter
from typing import Any

import numpy as np

from bench.evidence import record
from bench.evidence.campaign import MODELLED, Result, fly
from bench.evidence.steering import Adversary, Constant, Schedule, Steering
from bench.evidence.world import World

BLOCK = 2000  # campaigns in memory at once
MODEL = 1  # raise it when the harness itself changes, so that nothing old is resumed
LATE_MODEL = 2  # the same of worlds whose feedback is late: until the first one nobody moves
FRESH = 9_000  # seeds of proofs; those below are for development
CACHE = record.FOLDER.parent / "evidence-cells"

Figures = dict[str, Any]

only_kept = False  # set by `--kept`: no campaign is flown


class NotFlownError(Exception):
    """A block is not on disk, and nothing may be flown."""


@dataclass(frozen=True)
class Cell:
    """What is flown: `steering` is adaptive, adversary, constant or a schedule."""

    name: str
    world: World
    runs: int = 1000
    seed: int = FRESH
    steering: str | tuple[float, ...] = "adaptive"
    exposure: float = 0.05  # of the constant

    def key(self) -> str:
        """Return what decides the campaigns of a block: all but their number and the name."""
        values = {k: v for k, v in asdict(self).items() if k not in ("name", "runs")}
        setting = record.setting_digest(among=MODELLED)
        model = LATE_MODEL if self.world.lag_windows else MODEL
        text = f"{model} {json.dumps(values, sort_keys=True)} {setting}"
        return sha256(text.encode()).hexdigest()[:16]

    def steered(self, rng: np.random.Generator) -> Steering | None:
        """Return the steering, None for `adaptive` itself."""
        if self.steering == "adaptive":
            return None
        if self.steering == "adversary":
            return Adversary(rng)
        if self.steering == "constant":
            return Constant(self.exposure)
        return Schedule(np.array(self.steering, float), self.world.slices)


def measure(cell: Cell) -> Figures:
    """Return the figures of a cell, block by block; finished blocks are read from disk."""
    blocks = [
        _block(cell, i, min(BLOCK, cell.runs - i * BLOCK)) for i in range(-(-cell.runs // BLOCK))
    ]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def _block(cell: Cell, i: int, runs: int) -> dict[str, np.ndarray]:
    path = CACHE / f"{cell.key()}-{i}-{runs}.npz"
    if path.exists():
        with np.load(path) as kept:
            return dict(kept)
    if only_kept:
        raise NotFlownError(path.name)
    began = perf_counter()
    rng = np.random.default_rng([cell.seed, i])
    figures = _figures(fly(cell.world, runs, rng, steering=cell.steered(rng)))
    CACHE.mkdir(parents=True, exist_ok=True)
    np.savez(path, **figures)
    record.progress(f"  {cell.name}: {runs} runs, block {i}, {perf_counter() - began:.0f} s")
    return figures


def _figures(result: Result) -> dict[str, np.ndarray]:
    top = np.where(np.isnan(result.top_window), np.inf, result.top_window)
    return {
        "harm": result.harm,
        "rolled_back": result.rolled_back,
        "top": np.where(result.rolled_back & (result.harm == 0.0), np.inf, top),
        "exposure": result.mean_exposure,
        "back_offs": result.back_offs,
    }


def mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """Return the mean and its standard error."""
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))


def horizon(cell: Cell) -> dict[str, int]:
    """Return how long a campaign is that nothing ends: harm counts up to there, found or not."""
    return {"horizon_windows": cell.world.windows}


def harm_bar(cell: Cell, limit: float | None, unit: float = 1.0, **more: object) -> record.Bar:
    """Return the bar: upper 95 % limit of mean harm, in units of `unit`, against a limit if any."""
    figures = measure(cell)
    mean, error = mean_and_error(figures["harm"] / unit)
    detected = int(figures["rolled_back"].sum())
    found = {"mean": mean, "error": error, "detected": detected, **horizon(cell), **more}
    return record.Bar(
        cell.name, mean + record.Z95 * error, limit, cell.runs, [cell.seed], more=found
    )
