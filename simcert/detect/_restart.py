"""Start mass of a restart mixture: how much is bet on "the fault begins now", slice by slice.

M_t = sum_j w_j * prod_{s >= j} F_s + (1 - sum_{j <= t} w_j) is a test supermartingale for any
nonnegative w_j that are known before slice j and sum to at most 1: so mass may be released when
the exposure falls, that is, when the controller became suspicious.

Merging: with M = W + R, wealth and mass not yet bet, two sources whose coins are independent have
the test supermartingale M_a M_b. R_a R_b of it still waits, all else is bet: so mass is never more
than what is there, and (M, R) multiply, in any order.
"""

from dataclasses import dataclass
from typing import Self

from simcert.detect._merge import Merging
from simcert.model import Window
from simcert.model.merging import follows, largest, state

LOG_ZERO = -1e300  # log of nothing that survives JSON
FALL = 0.7  # an exposure below this share of the last one was lowered on purpose


@dataclass(slots=True)
class Restarting(Merging):
    """Mass `first` at window 1, `later` / (t (t + 1)) at window t, `release` / 2^k at fall k.

    `released` is all mass so far; windows without events leave it waiting, which is the same
    as betting it on factors of 1. Of what is due by then `scale` is left after mergers.
    """

    first: float = 0.0
    later: float = 1.0
    release: float = 0.0
    windows: int = state(largest, 0)
    falls: int = state(largest, 0)
    released: float = state(follows, 0.0)
    scale: float = state(follows, 1.0, shown=False)
    exposure: float = state(largest, 0.0)

    def _check_mass(self) -> None:
        masses = (self.first, self.later, self.release)
        if min(masses) < 0.0 or sum(masses) > 1.0 + 1e-12:
            raise ValueError(f"start masses {masses} must be nonnegative and sum to at most 1")

    def _start(self, window: Window) -> None:
        """Release the mass that is due before this slice; time counts in windows, idle ones too."""
        if window.slice_index == 0 or self.windows == 0:
            self.windows += 1
            self.released += self.scale * (self.later / (self.windows * (self.windows + 1)))
            self.released += self.scale * self.first if self.windows == 1 else 0.0
        exposure = window.exposure
        if exposure != self.exposure:
            if fell(self.exposure, exposure):
                self.falls += 1
                self.released += self.scale * (self.release * 0.5**self.falls)
            self.exposure = exposure

    def _join(self, mine: Self, theirs: Self) -> None:
        """Let the product of what waited wait, and be released at the same pace."""
        rest = mine.waiting * theirs.waiting
        kept = max(0.0, 1.0 - self.first - self.later - self.release)
        due = kept + self.later / (self.windows + 1) + self.release * 0.5**self.falls
        due += 0.0 if self.windows else self.first
        self.released = 1.0 - rest
        self.scale = rest / due if due > 0.0 else 0.0

    @property
    def waiting(self) -> float:
        """Mass that is not bet yet."""
        return max(0.0, 1.0 - self.released)


def fell(before: float, now: float) -> bool:
    """Return whether the controller lowered the exposure between two slices."""
    return now < FALL * before
