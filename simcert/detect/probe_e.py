"""Probes: do our own clients fail with the new certificate more than they ever may; bounded."""

from dataclasses import dataclass
from math import log

from simcert.detect._blocks import log_mean_exp
from simcert.detect._merge import Merging
from simcert.model import NEW, Reading, Verdict, Window
from simcert.model.merging import follows, state, total

BETS = (0.1, 0.3, 0.6, 0.95)


@dataclass(slots=True)
class ProbeE(Merging):
    """Evidence against "a probe fails with probability `rate` or less"; cut at `most`.

    Each asked probe is a Bernoulli trial; the mean of likelihood ratios of `bets` against `rate` is
    a supermartingale for every smaller rate. A few probes are no population, so with weight w the
    channel adds w * `most` to the evidence at most.
    """

    rate: float = 0.05
    bets: tuple[float, ...] = BETS
    most: float = 200.0
    log_s: list[float] = state(total, factory=list)
    log_e: float = state(follows, 0.0)
    n: int = state(total, 0)
    failed: int = state(total, 0)

    def __post_init__(self) -> None:
        self.bets = tuple(self.bets)
        if min(self.bets) <= self.rate or max(self.bets) >= 1.0:
            raise ValueError(f"bets {self.bets} must lie between the rate {self.rate} and 1")
        self.log_s = list(self.log_s) or [0.0] * len(self.bets)

    def update(self, window: Window) -> None:
        """Bet on the probes of the slice."""
        asked, failed = window.probes[NEW].tolist()
        if not asked:
            return
        self.n += asked
        self.failed += failed
        self.log_s = [
            s + failed * log(bet / self.rate) + (asked - failed) * log((1 - bet) / (1 - self.rate))
            for s, bet in zip(self.log_s, self.bets, strict=True)
        ]
        self._cut()

    def _cut(self) -> None:
        self.log_e = min(log_mean_exp(self.log_s), log(self.most))

    def _conclude(self) -> None:
        self._cut()

    def reading(self) -> Reading:
        """Return the share of probes that failed."""
        if not self.n:
            return Reading()
        return Reading(Verdict.INCONCLUSIVE, self.log_e, self.failed / self.n, self.rate, self.n)
