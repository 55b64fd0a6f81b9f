"""RecordBatch: columns, one row per handshake attempt; the form in which traffic enters."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

FEATURES = ("resumed", "tls13", "hello_retry", "ecdsa", "pq_group", "h2", "retry")
"""Bit i of a record's `features`; the same order on the last axis of a window's `features`."""
RESUMED = 1 << FEATURES.index("resumed")


@dataclass(frozen=True, slots=True, eq=False)
class RecordBatch:
    """A row per attempt, in order of start; every column has the same length n.

    `start_s` and `seen_s` are seconds since the rollout's epoch: `seen_s` is when the server knew
    the outcome (a client that answers late makes it late). `client` names one client within this
    rollout, however the source tells clients apart. `segment` and `outcome` index the names.
    `source` names the group of clients that somebody could own (an address prefix), 0 one that is
    not limited; None where nobody knows.
    """

    segments: tuple[str, ...]
    outcomes: tuple[str, ...]
    start_s: npt.NDArray[np.float64]
    seen_s: npt.NDArray[np.float64]
    handshake_ms: npt.NDArray[np.float32]
    client: npt.NDArray[np.int64]
    segment: npt.NDArray[np.uint8]
    arm: npt.NDArray[np.uint8]
    outcome: npt.NDArray[np.uint8]
    features: npt.NDArray[np.uint16]
    attempt: npt.NDArray[np.uint8]
    source: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.start_s)

    def at(self, rows: npt.NDArray[np.int64]) -> "RecordBatch":
        """Return some rows, in this order."""
        columns: dict[str, Any] = {}
        for one in fields(self):
            column = getattr(self, one.name)
            if isinstance(column, np.ndarray):
                columns[one.name] = column[rows]
        return replace(self, **columns)
