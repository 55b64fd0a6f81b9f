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

    def at(self, where: Ints | Mask) -> "Visitors":
        """Return some of the rows."""
        return Visitors(*(getattr(self, one.name)[where] for one in fields(self)))


def joined(parts: list[Visitors]) -> Visitors:
    """Return all rows in order of start; rows that start together keep their order."""
    if len(parts) == 1:
        return parts[0]
    columns = [
        np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Visitors)
    ]
    whole = Visitors(*columns)
    return whole.at(np.argsort(whole.start_s, kind="stable"))


COLUMNS = tuple(one.name for one in fields(RecordBatch))[2:]


def batch_of(parts: list[RecordBatch]) -> RecordBatch:
    """Return all rows of some batches with equal names, in order of start."""
    if len(parts) == 1:
        return parts[0]
    columns = {name: np.concatenate([getattr(p, name) for p in parts]) for name in COLUMNS}
    order = np.argsort(columns["start_s"], kind="stable")
    ordered = {name: column[order] for name, column in columns.items()}
    return RecordBatch(parts[0].segments, parts[0].outcomes, **ordered)


def part_of(batch: RecordBatch, where: Ints | Mask) -> RecordBatch:
    """Return some rows of a batch."""
    columns = {name: getattr(batch, name)[where] for name in COLUMNS}
    return RecordBatch(batch.segments, batch.outcomes, **columns)
