"""Candidates: full handshakes of a slice that may be units, held until all of them are known.

A client's unit is the handshake that it began first, not the one that was heard of first: which is
heard first depends on the outcome (a hanging one is told last), on how long the certificate of its
arm takes, and on whom the client lets wait; the order of starts is older than every coin.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simcert.control._cells import Codes, time_bins
from simcert.model import RecordBatch

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Small = npt.NDArray[np.uint16]

HELD_MAX = 1 << 21  # rows of a slice that are held; then those so far are judged


class Candidate(NamedTuple):
    """Columns: when it began, whose it is, where it is counted, what it was like, its source."""

    start_s: npt.NDArray[np.float64]
    client: Rows
    place: Rows
    bins: Small
    features: Small
    source: Rows

    def at(self, rows: Rows | Mask) -> "Candidate":
        """Return some of them."""
        start_s, client, place, bins, features, source = self
        whose = client[rows], place[rows]
        return Candidate(start_s[rows], *whose, bins[rows], features[rows], source[rows])


@dataclass(slots=True)
class Candidates:
    """Those of one slice, as they came; `told` if all rows tell their source."""

    held: int = 0
    told: bool = True
    _parts: list[Candidate] = field(default_factory=list)

    def add(self, batch: RecordBatch, codes: Codes, rows: Rows) -> None:
        """Hold some rows of a batch; none takes no room, however many batches come."""
        if not len(rows):
            return
        place = codes.place.ravel()[codes.rows[rows]]
        self.told &= batch.source is not None
        source = np.zeros(len(rows), np.int64) if batch.source is None else batch.source[rows]
        like = time_bins(batch.handshake_ms[rows]), batch.features[rows]
        one = Candidate(batch.start_s[rows], batch.client[rows], place, *like, source)
        self._parts.append(one)
        self.held += len(rows)

    def take(self) -> Candidate | None:
        """Return all by start, equal ones as they came, and hold none any more."""
        parts, self._parts, self.held = self._parts, [], 0
        if not parts:
            return None
        whole = Candidate(*map(np.concatenate, zip(*parts, strict=True)))
        return whole.at(np.argsort(whole.start_s, kind="stable"))
