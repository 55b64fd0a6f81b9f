"""What a metrics store answers about the success rate of the last interval; never a test."""

from dataclasses import dataclass, field

from simcert.detect._state import Stateful
from simcert.model import Reading, Verdict, Window

_COUNTS = ("n_new", "f_new", "n_old", "f_old")


@dataclass(slots=True)
class SuccessQuery(Stateful):
    """Share of `ok` units of the new arm over the last `span_s` (None: all of it), in percent.

    `detail` holds the counts `n_new`, `f_new`, `n_old`, `f_old`; `value` is None without a unit.
    A fixed limit may be given; it is compared, and nothing is proved.
    """

    span_s: float | None = 60.0
    limit_pct: float | None = None
    ends_s: list[float] = field(default_factory=list)
    tallies: list[list[int]] = field(default_factory=list)  # [slice][n_new, f_new, n_old, f_old]

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
        while self.span_s is not None and self.ends_s[0] <= window.end_s - self.span_s:
            del self.ends_s[0], self.tallies[0]

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
