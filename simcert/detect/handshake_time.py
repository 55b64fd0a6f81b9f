"""Handshake time: a quantile of the new arm against a limit and against the old arm."""

from dataclasses import dataclass

import numpy as np

from simcert.detect._windowed import Windowed
from simcert.model import NEW, OLD, TIME_EDGES_MS, Verdict, Window


@dataclass(slots=True)
class HandshakeTime(Windowed):
    """Fails when the quantile exceeds `limit_ms`, or `ratio` times that of the old arm.

    Successful full handshakes only, at least `n_min` per arm and window; interpolated inside
    log-spaced bins, so good to a few percent. `detail` has the quantile of both arms in ms.
    """

    quantile: float = 0.95
    limit_ms: float | None = None
    ratio: float | None = 1.5
    n_min: int = 50

    def __post_init__(self) -> None:
        if not 0.0 < self.quantile < 1.0:
            raise ValueError(f"quantile {self.quantile} is not in (0, 1)")

    def _counts(self, window: Window) -> list[float]:
        counts: list[float] = window.time_hist.sum(axis=0).ravel().tolist()
        return counts

    def _close(self, sums: list[float]) -> None:
        by_arm = np.array(sums).reshape(2, -1)
        n_old, n_new = by_arm.sum(axis=1).tolist()
        if n_new < max(self.n_min, 1):
            self._say(Verdict.NO_DATA, None, self.limit_ms, n_new)
            return
        new_ms = quantile_ms(by_arm[NEW].tolist(), self.quantile)
        old_ms = quantile_ms(by_arm[OLD].tolist(), self.quantile) if n_old >= self.n_min else None
        limits = [] if self.limit_ms is None else [self.limit_ms]
        limits += [] if self.ratio is None or old_ms is None else [self.ratio * old_ms]
        limit = min(limits) if limits else None
        verdict = Verdict.FAIL if limit is not None and new_ms > limit else Verdict.PASS
        both = {"new_ms": new_ms} | ({} if old_ms is None else {"old_ms": old_ms})
        self._say(verdict if limits else Verdict.INCONCLUSIVE, new_ms, limit, n_new, **both)


def quantile_ms(counts: list[float], quantile: float) -> float:
    """Return the quantile of a histogram over `TIME_EDGES_MS`; open ends count as their edge."""
    edges = TIME_EDGES_MS.tolist()
    lows, highs = [edges[0], *edges], [*edges, edges[-1]]
    left = quantile * sum(counts)
    for count, low, high in zip(counts, lows, highs, strict=True):
        if count and left <= count:
            return float(low * (high / low) ** (left / count))
        left -= count
    return float(edges[-1])
