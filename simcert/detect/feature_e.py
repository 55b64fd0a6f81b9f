"""Features: evidence that successful handshakes lose an essential one with the new certificate."""

from dataclasses import dataclass, field
from math import exp, log, log1p
from operator import add
from typing import Any, Self

from simcert.detect._blocks import log_mean_exp
from simcert.detect._feature_rows import LOG_MOST, FeatureRows
from simcert.detect._merge import Merging
from simcert.detect._metrics import check
from simcert.detect._state import SEEN, said
from simcert.model import FEATURES, NEW, OLD, Reading, Verdict, Window
from simcert.model.assessment import NO_DETAIL
from simcert.model.merging import follows, largest, state, total

ESSENTIAL = ("tls13", "h2")
THETAS = (1.3, 2.0, 5.0)


@dataclass(slots=True)
class FeatureE(Merging):
    """The conditional e-process on successes without a feature, averaged over `essential` ones.

    Given how many of the successful full handshakes lack it, the number among the new ones is
    hypergeometric if the certificate changes nothing. Slices of one window and one exposure are one
    batch. A feature that nobody has was never lost. Half the evidence is that of all clients
    together, half the mean over segments: a rare one that loses HTTP/2 is lost among the others.
    It fails at level `alpha` and asks for a hold: clients that negotiate less are served, so it is
    no evidence for a rollback.
    """

    essential: tuple[str, ...] = ESSENTIAL
    thetas: tuple[float, ...] = THETAS
    alpha: float = 1e-4
    log_s: list[float] = state(total, factory=list)  # by feature and theta
    batch: list[int] = state(total, factory=list)  # old and new: successes, then those with each
    exposure: float = state(largest, -1.0)
    log_e: float = state(follows, 0.0)
    n: int = state(total, 0)
    rows: dict[str, Any] = state(follows, factory=dict, shown=False)  # by segment
    _at: tuple[int, ...] = field(init=False, repr=False)  # columns of the essential features
    _rows: FeatureRows = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name in self.essential:
            check(f"feature:{name}", "new", "units")
        self.essential, self.thetas = tuple(self.essential), tuple(self.thetas)
        self._at = tuple(FEATURES.index(name) for name in self.essential)
        self.log_s = list(self.log_s) or [0.0] * (len(self.essential) * len(self.thetas))
        self._rows = FeatureRows(self.essential, self.thetas, self.rows)
        self.rows = {}

    def to_dict(self) -> dict[str, Any]:
        """Return parameters and state as JSON values."""
        return {**Merging.to_dict(self), "rows": self._rows.to_dict()}

    def update(self, window: Window) -> None:
        """Add the slice to its batch; bet when the batch is over."""
        moved = window.exposure != self.exposure
        if self.batch and (window.slice_index == 0 or moved):
            self._bet()
        if moved:
            self._rows.bet()
        self.exposure = window.exposure
        ok = window.per_arm("time_hist")
        if self._rows.add(window):
            old, new = window.by_arm("features")
            seen = [ok[OLD], *[old[i] for i in self._at], ok[NEW], *[new[i] for i in self._at]]
            self.batch = list(map(add, self.batch, seen)) if self.batch else seen
        if window.closes_window and self.batch:
            self._bet()
        if (moved or window.closes_window) and ok[OLD] and ok[NEW]:
            self._weigh()

    def _weigh(self) -> None:
        together = exp(min(log_mean_exp(self.log_s), LOG_MOST))
        self.log_e = log(0.5 * together + 0.5 * self._rows.e)

    def _bet(self) -> None:
        k = len(self.essential) + 1
        old, new = self.batch[:k], self.batch[k:]
        self.batch = []
        if not old[0] or not new[0]:
            return
        self.n += new[0]
        r = new[0] / (new[0] + old[0])
        bets = []
        for has_old, has_new in zip(old[1:], new[1:], strict=True):
            lost_new = max(new[0] - has_new, 0) if has_old else 0
            lost = lost_new + max(old[0] - has_old, 0) if has_old else 0
            bets += [
                lost_new * log(theta) - lost * log1p(r * (theta - 1.0)) for theta in self.thetas
            ]
        self.log_s = list(map(add, self.log_s, bets))

    def _join(self, mine: Self, theirs: Self) -> None:
        """Bet on the batches of each side by itself: pooled, exposures and places confound."""
        whole = mine._seen and theirs._seen
        for one in (mine, theirs) if whole else ():
            self.batch = [*one.batch]
            if self.batch:
                self._bet()
        self._rows = mine._copied()._rows.joined(theirs._copied()._rows, whole=whole)
        self._weigh()

    @property
    def _seen(self) -> bool:
        """Whether there was any slice."""
        return self.exposure >= 0.0

    def _copied(self) -> Self:
        return self.from_dict(self.to_dict())

    def reading(self) -> Reading:
        """Return the evidence; `detail` tells that of each feature."""
        if not self.n:
            return Reading()
        limit, k = -log(self.alpha), len(self.thetas)
        if self.log_e < limit:
            return said((SEEN, self.log_e, self.log_e, limit, self.n, NO_DETAIL))
        parts = [log_mean_exp(self.log_s[i * k : (i + 1) * k]) for i in range(len(self.essential))]
        detail = dict(zip(self.essential, parts, strict=True)) | self._rows.telling()
        return Reading(Verdict.FAIL, self.log_e, self.log_e, limit, self.n, detail)
