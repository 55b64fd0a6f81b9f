"""What a metrics store answers about the handshake time of the last interval; never a test."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from simcert.detect._merge import Merging
from simcert.model import ARMS, TIME_EDGES_MS, Reading, Verdict, Window
from simcert.model.merging import by_time, follows, state

_EDGES_MS: list[float] = [0.0, *TIME_EDGES_MS.tolist()]


@dataclass(slots=True)
class TimeQuery(Merging):
    """Quantile of successful full handshakes per arm over the last `span_s`, in ms.

    Linear inside a bin of the histogram, as Prometheus' `histogram_quantile` does it; above the
    last limit it answers that limit. `value` is the new arm's (None without a handshake), `detail`
    holds `old_ms` and `new_ms` where there is one. A fixed limit may be given; it is compared, and
    nothing is proved.
    """

    span_s: float = 60.0
    quantile: float = 0.99
    limit_ms: float | None = None
    ends_s: list[float] = state(follows, factory=list)
    counts: list[list[list[int]]] = state(follows, factory=list)  # [slice][arm][bin]

    def __post_init__(self) -> None:
        if not 0.0 < self.quantile < 1.0 or self.span_s <= 0.0:
            raise ValueError(f"need 0 < quantile < 1 and span_s > 0, got {self}")

    @property
    def log_e(self) -> float:
        """Return 0: a query is no evidence."""
        return 0.0

    def update(self, window: Window) -> None:
        """Take the window in, and drop what ended `span_s` or more before its end."""
        self.ends_s.append(window.end_s)
        self.counts.append(window.time_hist.sum(axis=0).tolist())
        self._let_go()

    def _let_go(self) -> None:
        while self.ends_s[0] <= self.ends_s[-1] - self.span_s:
            del self.ends_s[0], self.counts[0]

    def _join(self, mine: Self, theirs: Self) -> None:
        """Add slices that ended at the same time, and look back from the newest."""
        seen = [zip(one.ends_s, one.counts, strict=True) for one in (mine, theirs)]
        both = by_time(*seen)
        self.ends_s, self.counts = [*both], [*both.values()]
        if both:
            self._let_go()

    def reading(self) -> Reading:
        """Return the new arm's quantile against the limit, n = its successful handshakes."""
        if not self.counts:
            return Reading(limit=self.limit_ms)
        total = np.array(self.counts, np.int64).sum(axis=0)
        by_arm = {arm: self._quantile(total[i]) for i, arm in enumerate(ARMS)}
        value, n = by_arm["new"], int(total[ARMS.index("new")].sum())
        detail = {f"{arm}_ms": v for arm, v in by_arm.items() if v is not None}
        return Reading(self._verdict(value), 0.0, value, self.limit_ms, n, detail)

    def _verdict(self, value: float | None) -> Verdict:
        if value is None:
            return Verdict.NO_DATA
        if self.limit_ms is None:
            return Verdict.INCONCLUSIVE
        return Verdict.PASS if value <= self.limit_ms else Verdict.FAIL

    def _quantile(self, counts: npt.NDArray[np.int64]) -> float | None:
        below = counts.cumsum()
        if not below[-1]:
            return None
        rank = self.quantile * float(below[-1])
        at = int(np.searchsorted(below, rank))
        if at >= len(_EDGES_MS) - 1:
            return _EDGES_MS[-1]
        low, high = _EDGES_MS[at], _EDGES_MS[at + 1]
        return low + (high - low) * (rank - float(below[at] - counts[at])) / float(counts[at])
