"""Anytime-valid upper bound on the harm: the smallest delta that the data exclude from above."""

from bisect import bisect_right
from dataclasses import dataclass, field
from math import log, log1p

from simcert.detect._projection import project
from simcert.detect._restart import fell
from simcert.detect._state import NOTHING, SEEN, Stateful, said
from simcert.detect.noninferiority_e import plug_in
from simcert.model import Reading, Window
from simcert.model.assessment import NO_DETAIL

DELTAS = (
    *(0.0035, 0.005, 0.0075, 0.0115, 0.016, 0.023, 0.032, 0.045, 0.065),
    *(0.09, 0.13, 0.18, 0.25, 0.35, 0.5, 0.7, 0.98),
)


@dataclass(slots=True)
class UpperBound(Stateful):
    """Reading.value is U: with probability 1 - alpha, q_new - q_old < U at all times.

    One non-inferiority e-process for each delta (ascending); U is the smallest one with itself and
    all above it rejected, 1 before. `floor` is the smallest one tested: nobody asks about
    less. Valid while the effect is constant, so it starts afresh when the exposure falls; `log_e`
    is 0, for U permits a step up and never rolls back.
    """

    alpha: float = 0.002
    alpha_again: float | None = None
    deltas: tuple[float, ...] = DELTAS
    floor: float = 0.0
    log_n: list[float] = field(default_factory=list)  # of the deltas not rejected yet, ascending
    guesses: list[float | None] = field(default_factory=list)
    rejected: list[float] = field(default_factory=list)
    f_old: int = 0
    n_old: int = 0
    n: int = 0
    cleared: bool = False  # U was at the smallest delta once
    exposure: float = 0.0
    _open: list[float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.deltas or list(self.deltas) != sorted({*self.deltas}):
            raise ValueError(f"deltas {self.deltas} must ascend")
        above = tuple(d for d in self.deltas if d > self.floor)
        self.deltas = (self.floor, *above) if self.floor > 0.0 else above
        self.rejected = list(self.rejected)
        self._open = [d for d in self.deltas if d not in self.rejected]
        self.log_n = list(self.log_n) or [0.0] * len(self._open)
        self.guesses = list(self.guesses) or [None] * len(self._open)

    @property
    def log_e(self) -> float:
        """Return 0: the bound is permission, not evidence."""
        return 0.0

    @property
    def value(self) -> float:
        """Return U."""
        above = bisect_right(self.deltas, self._open[-1]) if self._open else 0
        return self.deltas[above] if above < len(self.deltas) else 1.0

    def update(self, window: Window) -> None:
        """Bet for every delta that still stands, then learn the control's rate."""
        if fell(self.exposure, window.exposure):
            self._restart()
        self.exposure = window.exposure
        n_new, f_new, n_old, f_old = window.tally()
        if self._open and n_new and n_old:
            self._bet(n_new, f_new, n_old, f_old)
        self.f_old += f_old
        self.n_old += n_old
        self.n += n_new

    def _restart(self) -> None:
        self.rejected, self._open = [], list(self.deltas)
        self.log_n, self.guesses = [0.0] * len(self.deltas), [None] * len(self.deltas)
        self.n = 0

    def _bet(self, n_new: int, f_new: int, n_old: int, f_old: int) -> None:
        a, share = plug_in(self.f_old, self.n_old), n_new / (n_new + n_old)
        ok_new, ok_old = n_new - f_new, n_old - f_old
        same = (f_new + f_old) * log(a) + (ok_new + ok_old) * log1p(-a)
        again = self.alpha_again if self.cleared and self.alpha_again else self.alpha
        limit = -log(again)
        stands: list[tuple[float, float, float | None]] = []
        for d, total, guess in zip(self._open, self.log_n, self.guesses, strict=True):
            c = project(share, a, d, guess)
            s = c + d
            total += same - f_new * log(s) - f_old * log(c)
            total -= ok_new * log1p(-s) + ok_old * log1p(-c)
            if total < limit:
                stands.append((d, total, c))
            else:
                self.rejected.append(d)
        self._open = [d for d, _, _ in stands]
        self.log_n = [total for _, total, _ in stands]
        self.guesses = [c for _, _, c in stands]
        self.cleared = self.cleared or not stands

    def reading(self) -> Reading:
        """Return U and the exposed units behind it."""
        verdict = SEEN if self.n else NOTHING
        return said((verdict, 0.0, self.value, None, self.n, NO_DETAIL))
