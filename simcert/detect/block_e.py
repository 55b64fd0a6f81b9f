"""Block e-process for two Bernoulli arms (Turner, Ly, Grünwald, arXiv:2106.02693)."""

from dataclasses import dataclass

from simcert.detect._blocks import blocks, log_blocks, log_mean_exp
from simcert.detect._merge import Merging
from simcert.model import Reading, Verdict, Window
from simcert.model.merging import state, total

DELTAS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.15, 0.4, 0.95)


@dataclass(slots=True)
class BlockE(Merging):
    """Evidence against "both arms have one rate of `signal`", using successes too.

    Bets on rates a0 (old) and a1 = a0 + (1 - a0) d (new) against their pooled rate. `a0` None means
    the control's past, (f + 1/2) / (n + 1). Suited to common events; needs independent units.
    """

    a0: float | None = None
    d: float | tuple[float, ...] = DELTAS
    signal: str = "failure"
    log_s: list[float] = state(total, factory=list)
    f_old: int = state(total, 0)
    n_old: int = state(total, 0)
    n: int = state(total, 0)

    def __post_init__(self) -> None:
        self.d = (self.d,) if isinstance(self.d, float) else tuple(self.d)
        if not all(0.0 < d < 1.0 for d in self.d):
            raise ValueError(f"d {self.d} must lie in (0, 1)")
        self.log_s = list(self.log_s) or [0.0] * len(self.d)

    @property
    def log_e(self) -> float:
        """Evidence in nats, averaged over the bets in `d`."""
        return log_mean_exp(self.log_s)

    def update(self, window: Window) -> None:
        """Bet with rates known before the slice, then learn the control's rate from it."""
        n_new, f_new, n_old, f_old = window.tally(self.signal)
        if n_new and n_old:
            a0 = (self.f_old + 0.5) / (self.n_old + 1.0) if self.a0 is None else self.a0
            steps = self.d if isinstance(self.d, tuple) else (self.d,)
            bets = log_blocks(n_new, f_new, n_old, f_old, blocks(a0, steps))
            self.log_s = [s + bet for s, bet in zip(self.log_s, bets, strict=True)]
        self.f_old += f_old
        self.n_old += n_old
        self.n += n_new + n_old

    def reading(self) -> Reading:
        """Return the evidence; the limit of a decision is the policy's."""
        return Reading(Verdict.INCONCLUSIVE if self.n else Verdict.NO_DATA, self.log_e, n=self.n)
