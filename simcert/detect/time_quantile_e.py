"""Time quantile e-process: are handshakes with the new certificate slower than with the old one."""

from dataclasses import dataclass, field
from math import log

from simcert.detect._blocks import log_block, log_mean_exp
from simcert.detect._state import Stateful
from simcert.model import NEW, OLD, Reading, Verdict, Window

DELTAS = (0.02, 0.1, 0.4)


@dataclass(slots=True)
class TimeQuantileE(Stateful):
    """Evidence that the new arm's times lie more than `tolerance_bins` bins above the old arm's.

    For each p an event is a time above the p-quantile of the control in the last `memory` windows,
    moved up by the tolerance (10 bins a decade, one is 26 %) for the new arm; the block bet of
    `block_e` compares both arms. Successful full handshakes only. Drift of both arms is harmless:
    both meet the same threshold, which comes from past windows.
    """

    quantiles: tuple[float, ...] = (0.5, 0.9)
    deltas: tuple[float, ...] = DELTAS
    tolerance_bins: int = 1
    memory: int = 5
    alpha: float = 1e-3
    past: list[list[int]] = field(default_factory=list)  # control histograms of whole windows
    filling: list[int] = field(default_factory=list)
    log_s: list[float] = field(default_factory=list)
    log_e: float = 0.0
    n: int = 0

    def __post_init__(self) -> None:
        self.quantiles, self.deltas = tuple(self.quantiles), tuple(self.deltas)
        self.log_s = list(self.log_s) or [0.0] * (len(self.quantiles) * len(self.deltas))

    def update(self, window: Window) -> None:
        """Bet with thresholds of past windows, then learn the control's times."""
        by_arm = window.by_arm("time_hist")
        old, new = by_arm[OLD], by_arm[NEW]
        if self.past and sum(old) and sum(new):
            self._bet(old, new)
        self.n += sum(new)
        self.filling = [a + b for a, b in zip(self.filling or [0] * len(old), old, strict=True)]
        if window.closes_window:
            self.past = [*self.past, self.filling][-self.memory :]
            self.filling = []

    def _bet(self, old: list[int], new: list[int]) -> None:
        total = [sum(column) for column in zip(*self.past, strict=True)]
        n_old, n_new = sum(old), sum(new)
        bets: list[float] = []
        for p in self.quantiles:
            at, above = _threshold(total, p)
            slow_old, slow_new = sum(old[at:]), sum(new[at + self.tolerance_bins :])
            bets += [log_block(n_new, slow_new, n_old, slow_old, above, d) for d in self.deltas]
        self.log_s = [s + bet for s, bet in zip(self.log_s, bets, strict=True)]
        self.log_e = log_mean_exp(self.log_s)

    def reading(self) -> Reading:
        """Fail once the evidence reaches 1 / alpha."""
        limit = -log(self.alpha)
        verdict = Verdict.FAIL if self.log_e >= limit else Verdict.INCONCLUSIVE
        verdict = verdict if self.n else Verdict.NO_DATA
        return Reading(verdict, self.log_e, self.log_e, limit, self.n)


def _threshold(counts: list[int], p: float) -> tuple[int, float]:
    """Return the first bin above the p-quantile, and the smoothed share of times from it on."""
    n, below = sum(counts), 0
    for at, count in enumerate(counts):
        below += count
        if below >= p * n:
            return at + 1, (n - below + 0.5) / (n + 1.0)
    return len(counts), 0.5 / (n + 1.0)
