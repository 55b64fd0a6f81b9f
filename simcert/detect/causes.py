"""Causes: which outcomes the new arm has more of than its share, for people to act on."""

from dataclasses import dataclass
from typing import Any

from simcert.detect._merge import Merging
from simcert.detect._state import SEEN, said
from simcert.model import OK, Reading, Window
from simcert.model.merging import state, total

OUTCOMES_MAX = 64
TOLD = 3


@dataclass(slots=True)
class Causes(Merging):
    """`detail` names the three outcomes with the largest excess f1 - r f so far, from 1 on.

    r is the realised share of the new arm in each slice, so the excess is 0 on average if the
    certificate changes nothing, whatever drifts. It names; it decides nothing: `log_e` is 0.
    """

    excess: dict[str, float] = state(total, factory=dict)
    n: int = state(total, 0)

    @property
    def log_e(self) -> float:
        """Return 0: a cause is no evidence."""
        return 0.0

    def update(self, window: Window) -> None:
        """Add the excess of every outcome of the slice."""
        n_new, f_new, n_old, f_old = window.tally()
        self.n += n_new
        if not n_new or not n_old or not f_new + f_old:
            return
        r = n_new / (n_new + n_old)
        old, new = window.by_arm("units")
        sums = self.excess
        for name, a, b in zip(window.outcomes, old, new, strict=True):
            if name != OK and (b or a):
                if name in sums:
                    sums[name] += b - r * (a + b)
                elif len(sums) < OUTCOMES_MAX:
                    sums[name] = b - r * (a + b)

    def reading(self) -> Reading:
        """Return the total excess, and the outcomes that make it up."""
        if not self.n:
            return Reading()
        told = {name: value for name, value in self.excess.items() if value >= 1.0}
        if len(told) > TOLD:
            loud = sorted(told, key=lambda name: (-told[name], name))[:TOLD]
            told = {name: told[name] for name in loud}
        return said((SEEN, 0.0, sum(told.values()), None, self.n, told))

    def _conclude(self) -> None:
        self.excess = {name: self.excess[name] for name in sorted(self.excess)[:OUTCOMES_MAX]}

    def to_dict(self) -> dict[str, Any]:
        """Return the sums as JSON values."""
        return {"excess": dict(self.excess), "n": self.n}
