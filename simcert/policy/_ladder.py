"""A fixed ladder of exposures, climbed by the clock, with or without an alarm beside it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from simcert.errors import UnknownNameError
from simcert.model import Channel, Decision, Phase, Verdict, View, bounds
from simcert.model.bounds import NotNegative, Share, Whole
from simcert.model.figures import held_to

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
            due = f"{above[0]:.3g} is due in {left_s:.0f} of {self.every_s:g} s"
            return view.hold(f"fixed schedule: {due}, {_blind(view)}")
        held = f"held {view.held_s:.0f} s of {0.0 if at_once else self.every_s:g} s"
        return view.move(above[0], f"fixed schedule: {above[0]:.3g} is due, {held}, {_blind(view)}")

    def _bake(self, view: View) -> Decision:
        baked = f"at full exposure for {view.held_s:.0f} s of {self.bake_s:g} s, {_blind(view)}"
        if view.held_s + 1e-6 < self.bake_s:
            return view.hold(f"fixed schedule: {baked}")
        return view.complete(f"complete: end of the fixed schedule, {baked}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedSchedule(ABC):
    """What fixed schedules share; each tells its `own` ladder.

    `bake_s` at the top before complete. `alarm` adds what AWS calls a CloudWatch alarm: M of N
    windows with a failure rate above `alarm_failure_rate` in the new arm, no comparison with the
    old one; windows without data are ignored.
    """

    tags: ClassVar[frozenset[str]] = frozenset()

    bake_s: NotNegative = 0.0
    alarm: bool = False
    alarm_failure_rate: Share = 0.05
    alarm_datapoints: Whole = 2
    alarm_of: Whole = 3

    def __post_init__(self) -> None:
        bounds.check(self)
        self.own()
        self.named()

    @abstractmethod
    def own(self) -> Ladder:
        """Return the ladder of the parameters; InputError if they make none."""

    def named(self) -> Ladder | None:
        """Return the ladder that goes by a name, if one was asked for."""
        return None

    def channels(self) -> tuple[Channel, ...]:
        """Name the alarm, if there is one."""
        if not self.alarm:
            return ()
        limit = 1.0 - self.alarm_failure_rate
        limits = {"limit": limit, "datapoints": self.alarm_datapoints, "of": self.alarm_of}
        return (Channel(ALARM, "success_rate", limits),)

    def decide(self, view: View) -> Decision:
        """Return the rung that is due."""
        return (self._alarmed(view) if self.alarm else None) or _ladder(self).climb(view)

    def _alarmed(self, view: View) -> Decision | None:
        """Return a rollback if the alarm rings."""
        reading = view.assessment.reading(ALARM)
        if reading.verdict is not Verdict.FAIL or view.phase is Phase.WAITING:
            return None
        value, limit = held_to(reading.value, reading.limit or 0.0)
        often = f"in {self.alarm_datapoints} of {self.alarm_of} windows"
        below = f"success rate {value} below {limit} {often} (n = {reading.n})"
        return view.roll_back(f"roll back: alarm, {below}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSchedule(FixedSchedule):
    """A fixed schedule that may be one of those `published`, by the very names of its product."""

    published: ClassVar[Mapping[str, Ladder]] = {}

    schedule: str = ""

    def named(self) -> Ladder | None:
        """Return the published ladder; UnknownNameError if there is none of this name."""
        return _pick(self.schedule, self.published) if self.schedule else None


@lru_cache(maxsize=64)
def _ladder(policy: FixedSchedule) -> Ladder:
    return policy.named() or policy.own()


def _pick(schedule: str, known: Mapping[str, Ladder]) -> Ladder:
    """Return a published schedule by its name."""
    if schedule not in known:
        raise UnknownNameError("schedule", schedule, known)
    return known[schedule]


def codedeploy(name: str, ladder: Ladder, *platforms: str) -> dict[str, Ladder]:
    """Return a ladder under its short name (as in AWS SAM) and its names on the platforms."""
    full = [f"CodeDeployDefault.{platform}{name}" for platform in platforms]
    return dict.fromkeys((name, *full), ladder)


def appconfig(name: str, ladder: Ladder) -> dict[str, Ladder]:
    """Return a ladder under the two names of a strategy of AWS AppConfig."""
    return dict.fromkeys((name, f"AppConfig.{name}"), ladder)


def _blind(view: View) -> str:
    """Say what a schedule moves by, and how many clients it did not ask."""
    return f"by the clock alone (n = {view.assessment.n_new})"
