"""Reports: on which arm do the failures fall that clients tell of themselves; bounded influence."""

from dataclasses import dataclass
from math import log

from simcert.detect.conditional_e import ConditionalE
from simcert.model import NEW, OLD, Window
from simcert.model.merging import follows, largest_each, state


@dataclass(slots=True)
class ReportE(ConditionalE):
    """The conditional e-process on failure reports; its e-value is cut at `most`.

    Reports come late, so the new arm's share r of the connections is the highest of the last
    `memory` windows: with a smaller one a fall of the exposure would look like harm. Anybody can
    write a report, so with weight w this channel adds w * `most` to the evidence at most.
    """

    most: float = 200.0
    memory: int = 30  # windows
    shares: list[float] = state(largest_each, factory=list)  # r of recent slices
    uncut: float = state(follows, 0.0)

    def update(self, window: Window) -> None:
        """Bet on the reports that arrived in the slice."""
        self._start(window)
        served = window.per_arm("attempts")
        new, old = served[NEW], served[OLD]
        if new + old:
            self.shares = [*self.shares[1 - self.memory * window.slices :], new / (new + old)]
        self.n += new + old
        r = max(self.shares, default=0.0)
        told = window.reports.sum(axis=0).tolist()
        if sum(told) and 0.0 < r < 1.0:
            self.log_e = self.uncut
            self._bet(told[NEW], sum(told), r)
            self._cut()

    def _cut(self) -> None:
        self.uncut = self.log_e
        self.log_e = min(self.uncut, log(self.most))

    def _conclude(self) -> None:
        self._cut()
