"""Deterministic simulation of faults: a fleet in virtual time, seed by seed, on all cores.

`python -m bench.live_swarm` flies 10,000 seeds (about an hour of one core) and goes on where it
was interrupted; `--seeds N` flies fewer. `--seed K` replays one, and `--plant NAME` takes a guard
away first. Then it plants every bug that it knows, and tells which seed found it.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench._results import HOME, Bar, write
from bench.swarm.code import digest, flown
from bench.swarm.flight import Outcome, fly
from bench.swarm.plants import PLANTS, planted

SEEDS = 10_000
CHUNK = 50
PLANT_SEEDS = 300
FOLDER = HOME / "results" / "swarm"


def chunk(first: int, last: int) -> list[dict[str, Any]]:
    """Fly some seeds; runs in a process of its own."""
    return [asdict(fly(seed)) for seed in range(first, last)]


def found_by(name: str) -> int:
    """Return the first seed that finds a planted bug, -1 if none does."""
    with planted(name):
        return next((seed for seed in range(PLANT_SEEDS) if fly(seed).broken), -1)


def done_before(path: Path) -> dict[int, dict[str, Any]]:
    """Return what an interrupted campaign of this very code has flown."""
    if not path.is_file():
        return {}
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {one["seed"]: one for one in found}


def campaign(first: int, seeds: int, jobs: int) -> list[dict[str, Any]]:
    """Fly the seeds from `first` on that are not on disk yet; a chunk is there when it is told."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{digest(flown())}.jsonl"
    done = done_before(path)
    starts = [k for k in range(first, seeds, CHUNK) if any(s not in done for s in _range(k, seeds))]
    began, before = time.monotonic(), len(done)
    with ProcessPoolExecutor(jobs) as pool, path.open("a", encoding="utf-8") as file:
        waiting = [pool.submit(chunk, k, min(k + CHUNK, seeds)) for k in starts]
        for one in as_completed(waiting):
            rows = one.result()
            file.write("".join(json.dumps(row) + "\n" for row in rows))
            file.flush()
            done |= {row["seed"]: row for row in rows}
            per_s = (len(done) - before) / (time.monotonic() - began)
            broken = [row["seed"] for row in done.values() if row["broken"]]
            print(f"{len(done)} of {seeds}, {per_s:.1f}/s, broken: {broken[:10]}", file=sys.stderr)
    return [done[seed] for seed in range(first, seeds)]


def _range(first: int, seeds: int) -> range:
    return range(first, min(first + CHUNK, seeds))


def show(one: Outcome) -> None:
    """Print one outcome for a person."""
    print(f"seed {one.seed}, {one.policy}, faults: {', '.join(one.faults) or 'none'}")
    print(f"{one.end or 'no end'} after {one.end_s:.0f} s, {one.windows} windows")
    print(f"BROKEN {one.broken}" if one.broken else "no law was broken")


def main() -> None:
    """Fly, print, write `results/bench/live_swarm.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--first", type=int, default=0, help="seeds below are not flown")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--plant", choices=sorted(PLANTS))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    if asked.seed is not None:
        with planted(asked.plant):
            outcome = fly(asked.seed)
        show(outcome)
        sys.exit(1 if outcome.broken else 0)
    began = time.monotonic()
    rows = campaign(asked.first, asked.seeds, asked.jobs)
    with ProcessPoolExecutor(asked.jobs) as pool:
        seeds = dict(zip(PLANTS, pool.map(found_by, PLANTS), strict=True))
    for name, seed in seeds.items():
        print(f"planted {name}: {'NOT FOUND' if seed < 0 else f'found by seed {seed}'}")
    broken = [row for row in rows if row["broken"]]
    for row in broken:
        print(f"python -m bench.live_swarm --seed {row['seed']}  # {row['broken'][:200]}")
    faults = Counter(name for row in rows for name in row["faults"])
    print(f"{time.monotonic() - began:.0f} s; seeds per fault: {dict(faults)}")
    bars = [
        Bar("seeds that broke a law or did not end", len(broken), 0, n=len(rows)),
        Bar("planted bugs that no seed found", sum(k < 0 for k in seeds.values()), 0, n=len(seeds)),
        Bar("seeds that ended by asking for an operator", sum(row["asked"] for row in rows), 10),
        *(Bar(f"first seed that finds {name}", k, PLANT_SEEDS) for name, k in seeds.items()),
    ]
    write("live_swarm", bars, seeds=[asked.first, asked.seeds - 1])


if __name__ == "__main__":
    main()
