"""Rows: attempts in columns, before and after it is known what came of them."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from simcert.model import RecordBatch

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Visitors:
    """Attempts that are about to begin, in order of start."""

    cohort: Ints
    client: Ints
    start_s: Floats
    attempt: Codes
    parallel: Mask  # opened beside another attempt: no retry follows, nothing more is opened

    def __len__(self) -> int:
        return len(self.start_s)

    def at(self, where: Ints) -> "Visitors":
        """Return the rows of these numbers."""
        return Visitors(*(getattr(self, name).take(where) for name in VISITORS))


VISITORS = tuple(one.name for one in fields(Visitors))


def joined(visits: Visitors, waiting: list[Visitors]) -> Visitors:
    """Return first attempts, which are in order, and a few retries: all rows in order of start.

    First attempts are number 0 and opened beside none, so these columns are not moved, but made.
    """
    if not waiting:
        return visits
    few = _concatenated(waiting)
    few = few.at(np.argsort(few.start_s, kind="stable"))
    if not len(visits):
        return few
    at = np.searchsorted(visits.start_s, few.start_s, side="right") + np.arange(len(few))
    rows = len(visits) + len(few)
    order = np.arange(rows)
    order -= np.repeat(np.arange(len(few) + 1), np.diff(at, prepend=0, append=rows))
    np.minimum(order, len(visits) - 1, out=order)  # at a retry: any row
    whole = Visitors(
        visits.cohort.take(order),
        visits.client.take(order),
        visits.start_s.take(order),
        np.zeros(rows, np.uint8),
        np.zeros(rows, bool),
    )
    for name in VISITORS:
        getattr(whole, name)[at] = getattr(few, name)
    return whole


def _concatenated(parts: list[Visitors]) -> Visitors:
    columns = (np.concatenate([getattr(part, name) for part in parts]) for name in VISITORS)
    return Visitors(*columns)


COLUMNS = tuple(one.name for one in fields(RecordBatch))[2:]


def batch_of(parts: list[RecordBatch]) -> RecordBatch:
    """Return all rows of some batches with equal names, in order of start."""
    whole = appended(parts)
    return whole if len(parts) == 1 else part_of(whole, np.argsort(whole.start_s, kind="stable"))


def appended(parts: list[RecordBatch]) -> RecordBatch:
    """Return all rows of some batches with equal names, one batch after the other."""
    if len(parts) == 1:
        return parts[0]
    columns = {name: np.concatenate([getattr(p, name) for p in parts]) for name in _told(parts[0])}
    return RecordBatch(parts[0].segments, parts[0].outcomes, **columns)


def part_of(batch: RecordBatch, where: Ints | Mask) -> RecordBatch:
    """Return some rows of a batch."""
    columns = {name: getattr(batch, name)[where] for name in _told(batch)}
    return RecordBatch(batch.segments, batch.outcomes, **columns)


def _told(batch: RecordBatch) -> tuple[str, ...]:
    """Return the columns that a batch has: sources may be unknown."""
    return COLUMNS if batch.source is not None else COLUMNS[:-1]
