"""What the rivals share: the queries they ask, and when none of them has anything to decide."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from simcert.model import Channel, Decision, Phase, View

_ENDED = (Phase.COMPLETE, Phase.ROLLED_BACK, Phase.PAUSED)


class Counts(NamedTuple):
    """Units and failed units of both arms."""

    n_new: int = 0
    f_new: int = 0
    n_old: int = 0
    f_old: int = 0

    @property
    def new_pct(self) -> float | None:
        """Success rate of the new arm in percent; None without a unit."""
        return 100.0 * (1.0 - self.f_new / self.n_new) if self.n_new else None

    @property
    def old_pct(self) -> float | None:
        """Success rate of the old arm in percent; None without a unit."""
        return 100.0 * (1.0 - self.f_old / self.n_old) if self.n_old else None

    @property
    def delta(self) -> float:
        """Failure rate of the new arm less that of the old one, each with half a failure more."""
        return (self.f_new + 0.5) / (self.n_new + 1.0) - (self.f_old + 0.5) / (self.n_old + 1.0)

    @property
    def variance(self) -> float:
        """Variance of `delta`, unpooled, with half a failure and half a success more per arm."""
        new, old = ((f + 0.5) / (n + 1.0) for n, f in ((self.n_new, self.f_new), self[2:]))
        return new * (1.0 - new) / (self.n_new + 1.0) + old * (1.0 - old) / (self.n_old + 1.0)


def success_query(span_s: float | None) -> Channel:
    """Ask for the success rate over the last `span_s`, or since the attempt began (None)."""
    return Channel("success", "success_query", {"span_s": span_s})


def time_query(span_s: float, quantile: float) -> Channel:
    """Ask for a quantile of the handshake time over the last `span_s`."""
    return Channel("handshake_time", "time_query", {"span_s": span_s, "quantile": quantile})


def success_and_time(span_s: float, duration_max_ms: float) -> tuple[Channel, ...]:
    """Ask for the success rate and, where it has a limit, for the 99th percentile of the time."""
    timed = (time_query(span_s, 0.99),) if duration_max_ms else ()
    return (success_query(span_s), *timed)


def counts(view: View) -> Counts:
    """Return what the success query answers."""
    detail = view.assessment.reading("success").detail
    return Counts(*(int(detail.get(name, 0)) for name in Counts._fields))


def stands_still(view: View) -> Decision | None:
    """Return a hold where only an operator acts, or where the evidence may not be used."""
    if view.phase in _ENDED:
        return view.hold(f"{view.phase.value} until an operator acts (n = {view.assessment.n_new})")
    if view.assessment.refusal:
        return view.hold(f"no decision: {view.assessment.refusal}")
    return None


def recalled(view: View) -> Mapping[str, Any]:
    """Return the memory of this attempt; a fresh attempt starts with none."""
    memory = view.progress.memory
    return memory if memory.get("attempt") == view.progress.attempt else {}


def not_due(view: View, memory: Mapping[str, Any], interval_s: float) -> Decision | None:
    """Return a hold before the next tick of the rival's own clock."""
    left_s = float(memory.get("next_s", view.now_s)) - view.now_s
    if left_s <= 1e-6:
        return None
    n = view.assessment.n_new
    return view.hold(f"between two ticks: {left_s:.0f} of {interval_s:g} s to go (n = {n})")


def begins(view: View, exposure: float, memory: Mapping[str, Any]) -> Decision:
    """Return the first step, which nothing that was seen decides."""
    said = f"start at {exposure:g}: nothing can be known at 0 (n = {view.assessment.n_new})"
    return view.move(exposure, said, memory)


def kept(view: View, interval_s: float, **more: object) -> dict[str, Any]:
    """Return a memory with the attempt and the next tick of the rival's own clock."""
    return {"attempt": view.progress.attempt, "next_s": view.now_s + interval_s, **more}
