"""Candidates: full handshakes of a slice that may be units, held until all of them are known.

A client's unit is the handshake that it began first, not the one that was heard of first: which is
heard first depends on the outcome (a hanging one is told last), on how long the certificate of its
arm takes, and on whom the client lets wait; the order of starts is older than every coin.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simcert.control._cells import Codes
from simcert.model import RecordBatch

Rows = npt.NDArray[np.int64]

HELD_MAX = 1 << 21  # rows of a slice that are held; then those so far are judged


class Candidate(NamedTuple):
    """Columns: when it began, whose it is, where it is counted, and from where it came."""

    start_s: npt.NDArray[np.float64]
    client: Rows
    place: Rows
    source: Rows | None


@dataclass(slots=True)
class Candidates:
    """Those of one slice, as they came."""

    held: int = 0
    _parts: list[Candidate] = field(default_factory=list)

    def add(self, batch: RecordBatch, codes: Codes, rows: Rows) -> None:
        """Hold some rows of a batch."""
        place = codes.place.ravel()[codes.rows[rows]]
        source = None if batch.source is None else batch.source[rows]
        self._parts.append(Candidate(batch.start_s[rows], batch.client[rows], place, source))
        self.held += len(rows)

    def take(self) -> Candidate | None:
        """Return all by start, equal ones as they came, and hold none any more."""
        parts, self._parts, self.held = self._parts, [], 0
        if not parts:
            return None
        start_s, client, place = (np.concatenate(one) for one in list(zip(*parts, strict=True))[:3])
        order = np.argsort(start_s, kind="stable")
        told = [one.source for one in parts if one.source is not None]
        source = np.concatenate(told)[order] if len(told) == len(parts) else None
        return Candidate(start_s[order], client[order], place[order], source)
