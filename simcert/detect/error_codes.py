"""Error codes: how often one kind of failure is seen in the new arm, against a fixed limit."""

from dataclasses import dataclass
from math import sqrt

from simcert.detect._merge import Merging
from simcert.detect._metrics import check
from simcert.detect._windowed import Windowed
from simcert.model import Verdict, Window


@dataclass(slots=True)
class ErrorCodes(Windowed, Merging):
    """Fails when the share of units with `signal` exceeds `limit` and `excess` over the old arm.

    Both by `z` standard errors, so that a few unlucky units are no failure.

    `signal` is one of `model.SIGNALS`; `trust_alert` gathers the alerts that blame a certificate.
    """

    signal: str = "trust_alert"
    limit: float = 0.01
    excess: float = 0.0
    z: float = 4.0
    n_min: int = 20

    def __post_init__(self) -> None:
        check(f"signal:{self.signal}", "new", "units")

    def _counts(self, window: Window) -> list[float]:
        n_new, seen_new, n_old, seen_old = window.tally(self.signal)
        return [seen_new, n_new, seen_old, n_old]

    def _judge(self, sums: list[float]) -> None:
        seen_new, n_new, seen_old, n_old = sums
        if n_new < max(self.n_min, 1):
            self._say(Verdict.NO_DATA, None, self.limit, n_new)
            return
        new = seen_new / n_new
        old = seen_old / n_old if n_old else 0.0
        limit = min(max(self.limit, old + self.excess), 1.0)
        both = max(limit, (seen_new + seen_old) / (n_new + n_old))
        per_unit = 1.0 / n_new + (1.0 / n_old if n_old and limit > self.limit else 0.0)
        limit += self.z * sqrt(both * (1.0 - both) * per_unit)
        self._say(Verdict.FAIL if new > limit else Verdict.PASS, new, limit, n_new, old=old)
