"""What a batch costs beside its runs: overhead over a bare pool, a second worker, start-up.

Ratios of CPU seconds or wall seconds of whole processes, taken in pairs, turn by turn; the median
pair counts. Writes results/bench/batch.json.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from statistics import median

from bench._results import Bar, asked, write

RUNS, PAIRS, SCENARIO, POLICY = 300, 5, "same_ca", "fixed_exponential"
MANY = 2000  # runs, so that the start of workers (1.3 s) is a small part, as in a real batch

BARE = f"""
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from simcert.lab.compare.batch import fly, tasks
from simcert.lab.setup import prepare

if __name__ == "__main__":
    todo = tasks([prepare("{SCENARIO}", "{POLICY}")], {RUNS}, 0)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        print(len([row for rows in pool.map(fly, todo) for row in rows]))
"""
OURS = f"""
import simcert
study = simcert.compare("{SCENARIO}", ["{POLICY}"], runs=%d, jobs=%d, out=%r)
print(len(study.rows))
"""
BASE = [sys.executable, "-c"]


def spent(call: list[str]) -> tuple[float, float]:
    """Return CPU and wall seconds of a process and its children."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(call, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def pairs(a: Callable[[], float], b: Callable[[], float], n: int) -> float:
    """Return the median of a / b over n pairs, in turn."""
    return median(a() / b() for _ in range(n))


def overhead(folder: Path) -> float:
    """CPU of our batch, results on disk, over a bare process pool of the same runs."""
    script = folder / "bare.py"  # spawned workers import it again
    script.write_text(BARE, encoding="utf-8")
    places = (str(folder / str(i)) for i in count())
    return pairs(
        lambda: spent([*BASE, OURS % (RUNS, 2, next(places))])[0],
        lambda: spent([sys.executable, str(script)])[0],
        PAIRS,
    )


def speed_up() -> float:
    """Wall time with one worker over wall time with two, MANY runs."""
    one, two = ([*BASE, OURS % (MANY, jobs, None)] for jobs in (1, 2))
    return pairs(lambda: spent(one)[1], lambda: spent(two)[1], 3)


def importing(module: str) -> float:
    """Wall seconds of an import, the bare interpreter taken off."""
    return spent([*BASE, f"import {module}"])[1] - spent([*BASE, "pass"])[1]


def main() -> None:
    """Measure, print and write."""
    help_ = [*BASE, "from simcert.cli.main import main; main(['--help'])"]
    with tempfile.TemporaryDirectory() as folder:
        bars = [
            Bar("batch CPU over a bare process pool", overhead(Path(folder)), 1.10, n=PAIRS),
            Bar(
                f"wall of 1 worker over 2 workers, {MANY} runs", speed_up(), 1.8, n=3, at_least=True
            ),
            Bar(
                "import simcert over import numpy",
                pairs(lambda: importing("simcert"), lambda: importing("numpy"), 15),
                3.0,
                n=15,
            ),
            Bar(
                "simcert --help over a bare import numpy",
                pairs(lambda: spent(help_)[1], lambda: spent([*BASE, "import numpy"])[1], 15),
                2.0,
                n=15,
            ),
        ]
    write("batch", bars, seeds=[0], policy=POLICY)


if __name__ == "__main__":
    asked(__doc__)
    main()
