"""Regional outage: for a while a share of connections fails, whatever certificate is served."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simcert.model.bounds import Moment, Share, Until
from simcert.world.faults._fault import Fault, Floats, overlap


@dataclass(frozen=True, slots=True)
class RegionalOutage(Fault):
    """Both arms lose `share` of the connections of `segments` (all if empty)."""

    from_s: Moment = 21_600.0
    until_s: Until = 23_400.0
    share: Share = 0.3
    segments: tuple[str, ...] = ()
    outcome: str = "hang"

    def failures(self, edges_s: Floats, segments: Sequence[str]) -> Floats | None:
        """Return the share of each slice, where the segment is hit."""
        hit = np.array([not self.segments or name in self.segments for name in segments])
        lost: Floats = self.share * overlap(edges_s, self.from_s, self.until_s)[:, None] * hit
        return lost

    @property
    def seen_as(self) -> str:
        """Return the outcome that lost connections are seen as."""
        return self.outcome
