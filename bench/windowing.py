"""Windowing: records per second and core from columns to windows, unit dedupe included."""

from time import process_time

import numpy as np

from bench._results import Bar, asked, write
from simcert.control.windowing import Grid, Windower
from simcert.model import RecordBatch

SEED, ROWS, ROUNDS = 1, 1_000_000, 5


def batch(rows: int, until_s: float) -> RecordBatch:
    """Return rows of 300,000 clients in 8 segments, in order of start."""
    draw = np.random.default_rng(SEED)
    start_s = np.sort(draw.uniform(0.0, until_s, rows))
    return RecordBatch(
        tuple(f"segment {k}" for k in range(8)),
        ("ok", "close", "alert:unknown_ca"),
        start_s,
        start_s + 0.1,
        draw.lognormal(4.0, 0.5, rows).astype(np.float32),
        draw.integers(0, 300_000, rows),
        draw.integers(0, 8, rows).astype(np.uint8),
        (draw.random(rows) < 0.1).astype(np.uint8),
        draw.choice(3, rows, p=[0.97, 0.02, 0.01]).astype(np.uint8),
        draw.integers(0, 128, rows).astype(np.uint16),
        np.zeros(rows, np.uint8),
    )


def rows_per_s(per_window: int, *, duplicates: bool) -> float:
    """Return the best of a few rounds, in processor time."""
    until_s = 60.0 * (ROWS // per_window)
    rows = batch(ROWS, until_s)
    best_s = float("inf")
    for _ in range(ROUNDS):
        windower = Windower(Grid(60.0, 2), duplicates=duplicates)
        windower.exposed(0.1, 0.0)
        began_s = process_time()
        windower.add(rows)
        windower.close(until_s)
        best_s = min(best_s, process_time() - began_s)
    return ROWS / best_s


def main() -> None:
    """Measure windows of 200,000 rows against the bar, and small ones for the record."""
    bars = [
        Bar(
            "records/s, 200,000 a window", rows_per_s(200_000, duplicates=False), 1e7, at_least=True
        ),
        Bar(
            "records/s, deliveries deduped",
            rows_per_s(200_000, duplicates=True),
            2e6,
            at_least=True,
        ),
        Bar("records/s, 2,000 a window", rows_per_s(2_000, duplicates=False), 5e5, at_least=True),
    ]
    write("windowing", bars, [SEED])


if __name__ == "__main__":
    asked(__doc__)
    main()
