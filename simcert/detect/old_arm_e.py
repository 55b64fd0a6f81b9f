"""Old arm: evidence that the certificate in force is the one that fails, so that back is worse."""

from dataclasses import dataclass
from math import log

from simcert.detect._state import NOTHING, SEEN, said
from simcert.detect.conditional_e import ConditionalE
from simcert.model import Reading, Verdict, Window
from simcert.model.assessment import NO_DETAIL
from simcert.model.merging import either, mean_by, state, total

WINDOWS = 10.0  # weight of a window in the rate


@dataclass(slots=True)
class OldArmE(ConditionalE):
    """The conditional e-process with its arms exchanged, and an absolute floor.

    Fails, once and for all, when "the old arm has no more failures" is excluded at level `alpha`
    while more than `floor` of its recent units failed; `value` is that rate. It permits and
    forbids steps; it is no evidence against the new certificate.
    """

    alpha: float = 0.01
    floor: float = 0.01
    rate: float = state(mean_by("n_old"), 0.0)
    n_old: int = state(total, 0)
    failing: bool = state(either, False)

    def update(self, window: Window) -> None:
        """Bet on the failures of the old arm, then learn its rate."""
        self._start(window)
        n_new, f_new, n_old, f_old = window.tally(self.signal)
        n, f = n_new + n_old, f_new + f_old
        self.n += n
        if not n_new or not n_old:
            return
        if f:
            self._bet(f_old, f, n_old / n)
        self.n_old += n_old
        weight = max(n_old / self.n_old, 1.0 / (WINDOWS * window.slices))
        self.rate += weight * (f_old / n_old - self.rate)
        self.failing = self.fails

    @property
    def fails(self) -> bool:
        """Whether the old arm failed once, or does by what is known now, as after a merger."""
        return self.failing or (self.log_e >= -log(self.alpha) and self.rate > self.floor)

    def reading(self) -> Reading:
        """Return the old arm's rate of failures against the floor."""
        verdict = SEEN if self.n else NOTHING
        verdict = Verdict.FAIL if self.fails else verdict
        return said((verdict, self.log_e, self.rate, self.floor, self.n_old, NO_DETAIL))
