"""Anytime-valid upper bound on the harm: the smallest delta that the data exclude from above."""

from bisect import bisect_right
from dataclasses import dataclass, field
from math import log, log1p
from typing import Self

from simcert.detect._merge import Merging
from simcert.detect._projection import project
from simcert.detect._restart import fell
from simcert.detect._state import NOTHING, SEEN, said
from simcert.detect.noninferiority_e import plug_in
from simcert.model import Reading, Window
from simcert.model.assessment import NO_DETAIL
from simcert.model.merging import either, follows, largest, state, total

DELTAS = (
    *(0.0035, 0.005, 0.0075, 0.0115, 0.016, 0.023, 0.032, 0.045, 0.065),
    *(0.09, 0.13, 0.18, 0.25, 0.35, 0.5, 0.7, 0.98),
)


@dataclass(slots=True)
class UpperBound(Merging):
    """Reading.value is U: with probability 1 - alpha, q_new - q_old < U at all times.

    One non-inferiority e-process for each delta (ascending); U is the smallest one with itself and
    all above it rejected, 1 before. `floor` is the smallest one tested: nobody asks about
    less. Valid while the effect is constant, so it starts afresh when the exposure falls; `log_e`
    is 0, for U permits a step up and never rolls back. Merged, it needs the same effect in all
    sources (else U bounds the smallest), and what one side rejected may stand again.
    """

    alpha: float = 0.002
    alpha_again: float | None = None
    deltas: tuple[float, ...] = DELTAS
    floor: float = 0.0
    log_n: list[float] = state(follows, factory=list)  # of deltas not rejected yet, ascending
    guesses: list[float | None] = state(follows, factory=list)
    rejected: list[float] = state(follows, factory=list)
    log_rejected: list[float] = state(follows, factory=list, shown=False)  # evidence at that time
    f_old: int = state(total, 0)
    n_old: int = state(total, 0)
    n: int = state(total, 0)
    cleared: bool = state(either, False)  # U was at the smallest delta once
    exposure: float = state(largest, 0.0)
    _open: list[float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.deltas or list(self.deltas) != sorted({*self.deltas}):
            raise ValueError(f"deltas {self.deltas} must ascend")
        above = tuple(d for d in self.deltas if d > self.floor)
        self.deltas = (self.floor, *above) if self.floor > 0.0 else above
        self.rejected = list(self.rejected)
        told = list(self.log_rejected)  # a state of before mergers has none: they reached the limit
        self.log_rejected = told or [self.limit] * len(self.rejected)
        self._open = [d for d in self.deltas if d not in self.rejected]
        self.log_n = list(self.log_n) or [0.0] * len(self._open)
        self.guesses = list(self.guesses) or [None] * len(self._open)

    @property
    def log_e(self) -> float:
        """Return 0: the bound is permission, not evidence."""
        return 0.0

    @property
    def limit(self) -> float:
        """Evidence that rejects a delta, in nats."""
        return -log(self.alpha_again if self.cleared and self.alpha_again else self.alpha)

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
        self.cleared = self.cleared or not self._open
        self.rejected, self.log_rejected, self._open = [], [], list(self.deltas)
        self.log_n, self.guesses = [0.0] * len(self.deltas), [None] * len(self.deltas)
        self.n = 0

    def _join(self, mine: Self, theirs: Self) -> None:
        """Multiply the processes of each delta, stopped where they rejected it, and judge anew."""
        a, b = mine._evidence(), theirs._evidence()
        both, limit = {d: a[d] + b[d] for d in self.deltas}, self.limit
        self._open = [d for d in self.deltas if both[d] < limit]
        self.log_n, self.guesses = [both[d] for d in self._open], [None] * len(self._open)
        self.rejected = [d for d in self.deltas if both[d] >= limit]
        self.log_rejected = [both[d] for d in self.rejected]

    def _evidence(self) -> dict[float, float]:
        """Return the evidence against each delta; of a rejected one, when it was."""
        stands = zip(self._open, self.log_n, strict=True)
        return {**dict(stands), **dict(zip(self.rejected, self.log_rejected, strict=True))}

    def _bet(self, n_new: int, f_new: int, n_old: int, f_old: int) -> None:
        a, share = plug_in(self.f_old, self.n_old), n_new / (n_new + n_old)
        ok_new, ok_old = n_new - f_new, n_old - f_old
        same = (f_new + f_old) * log(a) + (ok_new + ok_old) * log1p(-a)
        limit = self.limit
        stands: list[tuple[float, float, float | None]] = []
        for d, nats, guess in zip(self._open, self.log_n, self.guesses, strict=True):
            c = project(share, a, d, guess)
            s = c + d
            nats += same - f_new * log(s) - f_old * log(c)
            nats -= ok_new * log1p(-s) + ok_old * log1p(-c)
            if nats < limit:
                stands.append((d, nats, c))
            else:
                self.rejected.append(d)
                self.log_rejected.append(nats)
        self._open = [d for d, _, _ in stands]
        self.log_n = [nats for _, nats, _ in stands]
        self.guesses = [c for _, _, c in stands]
        self.cleared = self.cleared or not stands

    def reading(self) -> Reading:
        """Return U and the exposed units behind it."""
        verdict = SEEN if self.n else NOTHING
        return said((verdict, 0.0, self.value, None, self.n, NO_DETAIL))
