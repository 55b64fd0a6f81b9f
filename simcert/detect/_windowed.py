"""Slices summed up to whole windows: thresholds of metrics are stated per window."""

from dataclasses import dataclass
from operator import add
from typing import Any, Self

from simcert.detect._state import Stateful
from simcert.model import Reading, Verdict, Window
from simcert.model.merging import follows, state, total


@dataclass(slots=True)
class Windowed(Stateful):
    """Adds up `_counts` of the slices of a window and hands the sum to `_close` at its end.

    `_close` judges the sum, and a detector that learns from it does so there, too. After a merger
    the last whole windows of both sides are judged as one, and nothing is learned again.

    A slice with index 0 begins a new window, so that a lost tail spoils one window only. Metrics
    are no tests: `log_e` is 0.
    """

    sums: list[float] = state(total, factory=list)
    closed: list[float] = state(total, factory=list, shown=False)  # sums of the last whole window
    last: dict[str, Any] = state(follows, factory=dict)  # fields of the newest reading

    @property
    def log_e(self) -> float:
        """Return 0: a threshold is no evidence with an error probability."""
        return 0.0

    def update(self, window: Window) -> None:
        """Add a slice; at the end of the window, judge it."""
        counts = self._counts(window)
        if window.slice_index == 0 or not self.sums:
            self.sums = counts
        else:
            self.sums = list(map(add, self.sums, counts))
        if window.closes_window:
            self.closed, self.sums = self.sums, []
            self._close(self.closed)

    def _counts(self, window: Window) -> list[float]:
        raise NotImplementedError

    def _close(self, sums: list[float]) -> None:
        self._judge(sums)

    def _judge(self, sums: list[float]) -> None:
        raise NotImplementedError

    def _join(self, mine: Self, theirs: Self) -> None:
        self.last = dict(mine.last or theirs.last)
        if mine.closed and theirs.closed:  # states of before mergers did not keep them
            self._judge(self.closed)

    def _say(
        self, verdict: Verdict, value: float | None, limit: float | None, n: float, **detail: float
    ) -> None:
        said = {"value": value, "limit": limit, "n": int(n), "detail": detail}
        self.last = {"verdict": verdict.value, **said}

    def reading(self) -> Reading:
        """Return what the last whole window said."""
        if not self.last:
            return Reading()
        said = self.last
        verdict = Verdict(said["verdict"])
        return Reading(verdict, 0.0, said["value"], said["limit"], said["n"], said["detail"])
