"""A fixed ladder of exposures, climbed by the clock, with or without an alarm beside it."""

from dataclasses import dataclass

from simcert.errors import UnknownNameError
from simcert.model import Channel, Decision, Phase, Verdict, View

ROUNDING = 1e-3  # share of a rung; an actuator may round the exposure
ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Ladder:
    """Rungs in ascending order, the time on each, and the time at the top before complete.

    `from_start` puts the first rung at the moment of the start instead of one interval later.
    """

    rungs: tuple[float, ...]
    every_s: float
    bake_s: float = 0.0
    from_start: bool = True

    def climb(self, view: View) -> Decision:
        """Return the next rung if the present one was held long enough."""
        above = [rung for rung in self.rungs if rung > view.exposure * (1.0 + ROUNDING)]
        if not above:
            return self._bake(view)
        at_once = self.from_start and view.exposure == 0.0
        left_s = 0.0 if at_once else self.every_s - view.held_s
        if left_s > 1e-6:
            return view.hold(f"fixed schedule: {above[0]:.3g} is due in {left_s:.0f} s")
        held = f"held {view.held_s:.0f} s of {0.0 if at_once else self.every_s:g} s"
        return view.move(above[0], f"fixed schedule: {above[0]:.3g} is due, {held}")

    def _bake(self, view: View) -> Decision:
        baked = f"at full exposure for {view.held_s:.0f} s of {self.bake_s:g} s"
        if view.held_s + 1e-6 < self.bake_s:
            return view.hold(f"fixed schedule: {baked}")
        return view.complete(f"complete: end of the fixed schedule, {baked}")


def pick(schedule: str, known: dict[str, Ladder]) -> Ladder:
    """Return a published schedule by its name, with or without the product's prefix."""
    name = schedule.rpartition(".")[2].removeprefix("Lambda").removeprefix("ECS")
    if name not in known:
        raise UnknownNameError("schedule", schedule, known)
    return known[name]


def alarm_channels(failure_limit: float, datapoints: int, of: int) -> tuple[Channel, ...]:
    """Return the channel of an alarm: M of N one-window datapoints above a failure rate."""
    limits = {"limit": 1.0 - failure_limit, "datapoints": datapoints, "of": of}
    return (Channel(ALARM, "success_rate", limits),)


def alarmed(view: View) -> Decision | None:
    """Return a rollback if the alarm rings."""
    reading = view.assessment.reading(ALARM)
    if reading.verdict is not Verdict.FAIL or view.phase is Phase.WAITING:
        return None
    value = "unknown" if reading.value is None else f"{reading.value:.4f}"
    return view.roll_back(
        f"roll back: alarm, success rate {value} below {reading.limit:g} (n = {reading.n})"
    )
