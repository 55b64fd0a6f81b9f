"""Sample ratio: do the arms get the shares of units that the exposure promises."""

from dataclasses import dataclass
from math import sqrt

from simcert.detect._merge import Merging
from simcert.model import Reading, Verdict, Window
from simcert.model.merging import state, total


@dataclass(slots=True)
class SampleRatio(Merging):
    """Fails when n_new is more than `limit` standard deviations off e n, over all slices so far.

    z = sum(n_new - e n) / sqrt(sum(e (1 - e) n)); a mismatch means a broken split or lost records,
    and whoever counts on the designed share is fooled (those who use the realised one are not).
    """

    limit: float = 6.0
    off: float = state(total, 0.0)
    variance: float = state(total, 0.0)
    n: int = state(total, 0)

    @property
    def log_e(self) -> float:
        """Return 0: it says nothing about the certificate."""
        return 0.0

    def update(self, window: Window) -> None:
        """Compare one slice with its exposure."""
        n_new, _, n_old, _ = window.tally()
        n, e = n_new + n_old, window.exposure
        self.off += n_new - e * n
        self.variance += e * (1.0 - e) * n
        self.n += n

    def reading(self) -> Reading:
        """Return the distance in standard deviations."""
        if self.variance < 1.0:
            return Reading(Verdict.NO_DATA, 0.0, None, self.limit, self.n)
        z = self.off / sqrt(self.variance)
        verdict = Verdict.FAIL if abs(z) > self.limit else Verdict.PASS
        return Reading(verdict, 0.0, z, self.limit, self.n)
