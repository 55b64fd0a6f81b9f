"""Handshake time: a quantile of the new arm against a limit and against the old arm."""

from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate

from simcert.detect._merge import Merging
from simcert.detect._windowed import Windowed
from simcert.model import TIME_EDGES_MS, Verdict, Window
from simcert.model.window import TIME_BINS


@dataclass(slots=True)
class HandshakeTime(Windowed, Merging):
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
        old, new = window.by_arm("time_hist")
        return [*old, *new]

    def _judge(self, sums: list[float]) -> None:
        old, new = sums[:TIME_BINS], sums[TIME_BINS:]
        n_old, n_new = sum(old), sum(new)
        if n_new < max(self.n_min, 1):
            self._say(Verdict.NO_DATA, None, self.limit_ms, n_new)
            return
        new_ms = quantile_ms(new, self.quantile)
        old_ms = quantile_ms(old, self.quantile) if n_old >= max(self.n_min, 1) else None
        limits = [] if self.limit_ms is None else [self.limit_ms]
        limits += [] if self.ratio is None or old_ms is None else [self.ratio * old_ms]
        limit = min(limits) if limits else None
        verdict = Verdict.FAIL if limit is not None and new_ms > limit else Verdict.PASS
        both = {"new_ms": new_ms} | ({} if old_ms is None else {"old_ms": old_ms})
        self._say(verdict if limits else Verdict.INCONCLUSIVE, new_ms, limit, n_new, **both)


def quantile_ms(counts: list[float], quantile: float) -> float:
    """Return the quantile of a histogram over `TIME_EDGES_MS`; open ends count as their edge."""
    wanted = quantile * sum(counts)
    up_to = list(accumulate(counts))
    at = bisect_left(up_to, wanted)
    low, high = _LIMITS_MS[at], _LIMITS_MS[at + 1]
    into = (wanted - up_to[at] + counts[at]) / counts[at]
    return float(low * (high / low) ** into)


_LIMITS_MS: list[float] = [*TIME_EDGES_MS[:1].tolist(), *TIME_EDGES_MS.tolist()]
_LIMITS_MS.append(_LIMITS_MS[-1])
