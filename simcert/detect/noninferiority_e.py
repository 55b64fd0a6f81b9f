"""Non-inferiority e-process: evidence that the new certificate costs less than `delta`."""

from dataclasses import dataclass

from simcert.detect._merge import Merging
from simcert.detect._projection import log_factor, project
from simcert.model import Reading, Verdict, Window
from simcert.model.merging import state, total


@dataclass(slots=True)
class NoninferiorityE(Merging):
    """Evidence against H_d: "the new arm's failure rate is at least `delta` above the old one's".

    Bets on a common rate `a` (None: the control's past, see `plug_in`) against the nearest point
    of H_d. Needs independent units within a slice and an effect that does not change: good enough
    to permit a step up, never used to roll back. Merged, it is evidence against "H_d in every
    source", so it speaks of all of them only if the effect is the same in all. Source: reverse
    information projection, Grünwald, de Heide, Koolen, arXiv:1906.07801; log-concavity makes it
    valid for any n.
    """

    delta: float = 0.01
    a: float | None = None
    log_e: float = state(total, 0.0)
    f_old: int = state(total, 0)
    n_old: int = state(total, 0)
    n: int = state(total, 0)

    def __post_init__(self) -> None:
        if not 0.0 < self.delta < 1.0:
            raise ValueError(f"delta {self.delta} is not in (0, 1)")
        if self.a is not None and not 0.0 < self.a < 1.0:
            raise ValueError(f"a {self.a} is not in (0, 1)")

    def update(self, window: Window) -> None:
        """Bet with the rate known before the slice; a slice with one empty arm is no bet."""
        tally = window.tally()
        n_new, _, n_old, f_old = tally
        if n_new and n_old:
            a = plug_in(self.f_old, self.n_old) if self.a is None else self.a
            c = project(n_new / (n_new + n_old), a, self.delta)
            self.log_e += log_factor(*tally, a, self.delta, c)
        self.f_old += f_old
        self.n_old += n_old
        self.n += n_new + n_old

    def reading(self) -> Reading:
        """Return the evidence for "not worse by delta"."""
        return Reading(Verdict.INCONCLUSIVE if self.n else Verdict.NO_DATA, self.log_e, n=self.n)


def plug_in(f_old: int, n_old: int) -> float:
    """Return the control's failure rate from past units, never 0 and never 1."""
    return (f_old + 1.0) / (n_old + 50.0)
