"""What is known without looking at traffic: ground truth (scorer, oracle) and a prior (predict)."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Truth:
    """Ground truth at full exposure; only the scorer and a policy tagged `needs_truth` see it.

    `failure_rate` (q0) and `delta` (q1 - q0) are connection-weighted means over the horizon of
    first full handshakes; `harmed_share` is the share of clients that the new certificate breaks.
    """

    failure_rate: float
    delta: float
    harmed_share: float
    segments: Mapping[str, float] = field(default_factory=dict)  # segment -> delta

    @property
    def harmful(self) -> bool:
        """Whether any client is harmed by the new certificate at full exposure."""
        return self.harmed_share > 0.0


@dataclass(frozen=True, slots=True)
class Prior:
    """What `predict` says of the configured population: share that breaks, and by segment."""

    affected_share: float
    segments: Mapping[str, float] = field(default_factory=dict, hash=False)
