"""Start mass of a restart mixture: how much is bet on "the fault begins now", slice by slice.

M_t = sum_j w_j * prod_{s >= j} F_s + (1 - sum_{j <= t} w_j) is a test supermartingale for any
nonnegative w_j that are known before slice j and sum to at most 1: so mass may be released when
the exposure falls, that is, when the controller became suspicious.
"""

from dataclasses import dataclass

from simcert.detect._state import Stateful
from simcert.model import Window

LOG_ZERO = -1e300  # log of nothing that survives JSON
FALL = 0.7  # an exposure below this share of the last one was lowered on purpose


@dataclass(slots=True)
class Restarting(Stateful):
    """Mass `first` at window 1, `later` / (t (t + 1)) at window t, `release` / 2^k at fall k.

    `released` is all mass so far; windows without events leave it waiting, which is the same
    as betting it on factors of 1.
    """

    first: float = 0.0
    later: float = 1.0
    release: float = 0.0
    windows: int = 0
    falls: int = 0
    released: float = 0.0
    exposure: float = 0.0

    def _check_mass(self) -> None:
        masses = (self.first, self.later, self.release)
        if min(masses) < 0.0 or sum(masses) > 1.0 + 1e-12:
            raise ValueError(f"start masses {masses} must be nonnegative and sum to at most 1")

    def _start(self, window: Window) -> None:
        """Release the mass that is due before this slice; time counts in windows, idle ones too."""
        if window.slice_index == 0 or self.windows == 0:
            self.windows += 1
            self.released += self.later / (self.windows * (self.windows + 1))
            self.released += self.first if self.windows == 1 else 0.0
        exposure = window.exposure
        if exposure != self.exposure:
            if fell(self.exposure, exposure):
                self.falls += 1
                self.released += self.release * 0.5**self.falls
            self.exposure = exposure


def fell(before: float, now: float) -> bool:
    """Return whether the controller lowered the exposure between two slices."""
    return now < FALL * before
