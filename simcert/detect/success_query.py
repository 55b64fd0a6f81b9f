"""What a metrics store answers about the success rate of the last interval; never a test."""

from dataclasses import dataclass
from typing import Self

from simcert.detect._merge import Merging
from simcert.model import Reading, Verdict, Window
from simcert.model.merging import by_time, follows, state

_COUNTS = ("n_new", "f_new", "n_old", "f_old")


@dataclass(slots=True)
class SuccessQuery(Merging):
    """Share of `ok` units of the new arm over the last `span_s` (None: all of it), in percent.

    `detail` holds the counts `n_new`, `f_new`, `n_old`, `f_old`; `value` is None without a unit.
    A fixed limit may be given; it is compared, and nothing is proved.
    """

    span_s: float | None = 60.0
    limit_pct: float | None = None
    ends_s: list[float] = state(follows, factory=list)
    tallies: list[list[int]] = state(follows, factory=list)  # [slice][n_new, f_new, n_old, f_old]

    def __post_init__(self) -> None:
        if self.span_s is not None and self.span_s <= 0.0:
            raise ValueError(f"span_s must be above 0, got {self.span_s}")

    @property
    def log_e(self) -> float:
        """Return 0: a query is no evidence."""
        return 0.0

    def update(self, window: Window) -> None:
        """Take the window in, and drop what ended `span_s` or more before its end."""
        tally = [*window.tally()]
        if self.span_s is None and self.tallies:
            self.tallies[0] = [a + b for a, b in zip(self.tallies[0], tally, strict=True)]
            return
        self.ends_s.append(window.end_s)
        self.tallies.append(tally)
        self._let_go()

    def _let_go(self) -> None:
        while self.span_s is not None and self.ends_s[0] <= self.ends_s[-1] - self.span_s:
            del self.ends_s[0], self.tallies[0]

    def _join(self, mine: Self, theirs: Self) -> None:
        """Add slices that ended at the same time, and look back from the newest."""
        seen = [zip(one.ends_s, one.tallies, strict=True) for one in (mine, theirs)]
        both = by_time(*seen)
        self.ends_s, self.tallies = [*both], [[*tally] for tally in both.values()]
        if both:
            self._let_go()

    def reading(self) -> Reading:
        """Return the new arm's rate against the limit, n = its units."""
        totals = [float(sum(column)) for column in zip(*self.tallies, strict=True)] or [0.0] * 4
        detail = dict(zip(_COUNTS, totals, strict=True))
        n, failed = detail["n_new"], detail["f_new"]
        value = 100.0 * (1.0 - failed / n) if n else None
        return Reading(self._verdict(value), 0.0, value, self.limit_pct, int(n), detail)

    def _verdict(self, value: float | None) -> Verdict:
        if value is None:
            return Verdict.NO_DATA
        if self.limit_pct is None:
            return Verdict.INCONCLUSIVE
        return Verdict.PASS if value >= self.limit_pct else Verdict.FAIL
