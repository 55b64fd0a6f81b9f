"""Repeated rollback: everybody gets the new certificate for a while, then nobody; ever longer.

In each period of `period_s` the new certificate is served for d seconds, then the old one again;
d grows from period to period until it fills the period. Clients that fail are meant to be noticed
by people (and to come back before they give up); no metric is read.
"""

from dataclasses import dataclass
from typing import ClassVar

from simcert.errors import InputError
from simcert.model import Channel, Decision, View, bounds
from simcert.model.bounds import Positive

LAWS = ("multiple", "power")


@dataclass(frozen=True, slots=True)
class RepeatedRollback:
    """d of period k = 0, 1, ... is `first_s` * `growth`^k (multiple) or first_s * (k+1)^growth.

    Exposure is 0 or 1 over time, no split of traffic: drivers must slice time, not connections.
    """

    tags: ClassVar[frozenset[str]] = frozenset({"time_sliced"})

    period_s: Positive = 3600.0
    first_s: Positive = 60.0
    growth: Positive = 2.0
    law: str = "multiple"

    def __post_init__(self) -> None:
        bounds.check(self)
        if self.law not in LAWS:
            raise InputError(f"RepeatedRollback: law {self.law!r} is none of {LAWS}")
        if self.growth <= (1.0 if self.law == "multiple" else 0.0):
            raise InputError(f"RepeatedRollback: growth {self.growth} never fills the period")

    def channels(self) -> tuple[Channel, ...]:
        """Return nothing: the schedule is blind."""
        return ()

    def served_s(self, period: int) -> float:
        """Return how long period k serves the new certificate, at most all of it."""
        if self.law == "power":
            return min(self.first_s * float((period + 1.0) ** self.growth), self.period_s)
        periods = float(min(period, 1000))  # a power beyond that overflows
        return min(self.first_s * float(self.growth**periods), self.period_s)

    def decide(self, view: View) -> Decision:
        """Return 1 inside the served part of the period, 0 after it, complete when it is full."""
        elapsed_s = view.now_s - view.progress.started_s + 1e-6
        period = int(elapsed_s // self.period_s)
        into_s = elapsed_s - period * self.period_s
        served_s = self.served_s(period)
        n = view.assessment.n_new
        if period and self.served_s(period - 1) >= self.period_s:
            filled = f"the new certificate filled all {self.period_s:g} s of period {period}"
            return view.complete(f"complete: {filled} (n = {n})")
        where = f"period {period + 1}, second {into_s:.0f} of {self.period_s:g}"
        plan = f"the new certificate in its first {served_s:g} s, by the clock alone (n = {n})"
        return view.move(1.0 if into_s < served_s else 0.0, f"{where}: {plan}")
