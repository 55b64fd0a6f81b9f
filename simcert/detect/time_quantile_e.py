"""Time quantile e-process: are handshakes with the new certificate slower than with the old one."""

from bisect import bisect_left
from dataclasses import dataclass, field
from math import log
from operator import add
from typing import Any

import numpy as np
import numpy.typing as npt

from simcert.detect._blocks import Block, blocks, log_blocks, log_mean_exp
from simcert.detect._merge import Merging
from simcert.detect._state import NOTHING, SEEN, Stateful, said
from simcert.model import NEW, OLD, Reading, Verdict, Window
from simcert.model.assessment import NO_DETAIL
from simcert.model.merging import follows, state, total
from simcert.model.window import TIME_BINS

Ints = npt.NDArray[np.int64]
DELTAS = (0.02, 0.1, 0.4)
NOBODY: Ints = np.zeros(TIME_BINS, np.int64)


@dataclass(slots=True)
class TimeQuantileE(Merging):
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
    past: list[Ints] = state(total, factory=list)  # control histograms of whole windows
    filling: Ints | list[int] = state(total, factory=list)  # the window that is not over
    log_s: list[float] = state(total, factory=list)
    log_e: float = state(follows, 0.0)
    n: int = state(total, 0)
    _total: Ints = field(init=False, repr=False)  # sum of `past`
    _bets: list[tuple[int, list[Block]]] | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.quantiles, self.deltas = tuple(self.quantiles), tuple(self.deltas)
        self.past = [np.array(times, np.int64) for times in self.past]
        self.log_s = list(self.log_s) or [0.0] * (len(self.quantiles) * len(self.deltas))
        self._total = sum(self.past, start=NOBODY)
        self._bets = None

    def _learned(self) -> list[tuple[int, list[Block]]]:
        """Return the bin from which past windows call a time slow, and the bets on so many."""
        bars = _thresholds(self._total, self.quantiles)
        return [(at, blocks(above, self.deltas)) for at, above in bars]

    def _close(self) -> None:
        """Take the window that is over into the past."""
        over = NOBODY
        if len(self.filling):
            over = np.array(self.filling)  # a copy: a view would keep the slices of a whole piece
            self._total = self._total + over
        self.past.append(over)
        if len(self.past) > self.memory and (gone := self.past.pop(0)) is not NOBODY:
            self._total = self._total - gone
        self.filling = []
        self._bets = None  # learned when somebody bets: where nobody tells times, nobody does

    def update(self, window: Window) -> None:
        """Bet with thresholds of past windows, then learn the control's times."""
        n_old, n_new = window.per_arm("time_hist")
        if n_old and n_new and self.past:
            by_arm = window.by_arm("time_hist")
            self._bet(by_arm[OLD], n_old, by_arm[NEW], n_new)
        self.n += n_new
        if n_old:
            times = window.summed("time_hist")[OLD]
            self.filling = self.filling + times if len(self.filling) else times
        if window.closes_window:
            self._close()

    def _bet(self, old: list[int], n_old: int, new: list[int], n_new: int) -> None:
        bets: list[float] = []
        if self._bets is None:
            self._bets = self._learned()
        for at, bet_on in self._bets:
            slow_old, slow_new = sum(old[at:]), sum(new[at + self.tolerance_bins :])
            bets += log_blocks(n_new, slow_new, n_old, slow_old, bet_on)
        self.log_s = list(map(add, self.log_s, bets))
        self.log_e = log_mean_exp(self.log_s)

    def _conclude(self) -> None:
        self.log_e = log_mean_exp(self.log_s)

    def to_dict(self) -> dict[str, Any]:
        """Return parameters and state as JSON values."""
        return {**Stateful.to_dict(self), "past": [times.tolist() for times in self.past]}

    def reading(self) -> Reading:
        """Fail once the evidence reaches 1 / alpha."""
        limit = -log(self.alpha)
        verdict = SEEN if self.n else NOTHING
        verdict = verdict if self.log_e < limit else Verdict.FAIL
        return said((verdict, self.log_e, self.log_e, limit, self.n, NO_DETAIL))


def _thresholds(counts: Ints, quantiles: tuple[float, ...]) -> list[tuple[int, float]]:
    """Return the first bin above each quantile, and the smoothed share of times from it on."""
    below: list[int] = np.add.accumulate(counts).tolist()
    n = below[-1]
    at = [bisect_left(below, p * n) for p in quantiles]
    return [(i + 1, (n - below[i] + 0.5) / (n + 1.0)) for i in at]
