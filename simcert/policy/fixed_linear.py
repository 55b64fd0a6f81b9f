"""Fixed linear: equal steps at equal intervals, whatever the clients say."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Annotated, ClassVar

from simcert.model.bounds import Positive, Within
from simcert.policy._ladder import Ladder, NamedSchedule, appconfig, codedeploy


def _rungs(step: float) -> tuple[float, ...]:
    return (*(round(i * step, 9) for i in range(1, ceil(1.0 / step - 1e-9))), 1.0)


_SCHEDULES = {
    name: ladder
    for minutes, text, platforms in (
        (1, "1Minute", ("Lambda",)),
        (1, "1Minutes", ("ECS",)),
        (2, "2Minutes", ("Lambda",)),
        (3, "3Minutes", ("Lambda", "ECS")),
        (10, "10Minutes", ("Lambda",)),
    )
    for name, ladder in codedeploy(
        f"Linear10PercentEvery{text}", Ladder(_rungs(0.1), 60.0 * minutes), *platforms
    ).items()
}
_SCHEDULES |= appconfig(  # AppConfig shifts at the end of each interval and bakes afterwards
    "Linear20PercentEvery6Minutes", Ladder(_rungs(0.2), 360.0, 1800.0, from_start=False)
)
_SCHEDULES |= appconfig(
    "Linear50PercentEvery30Seconds", Ladder(_rungs(0.5), 30.0, 60.0, from_start=False)
)


@dataclass(frozen=True, slots=True)
class FixedLinear(NamedSchedule):
    """Steps of `step` each `every_s`; or a published `schedule` by its name.

    The names are those of AWS CodeDeploy and AWS AppConfig (their user guides).
    """

    published: ClassVar[Mapping[str, Ladder]] = _SCHEDULES

    step: Annotated[float, Within(1e-4, 1.0)] = 0.1
    every_s: Positive = 60.0
    from_start: bool = True

    def own(self) -> Ladder:
        """Return equal rungs."""
        return Ladder(_rungs(self.step), self.every_s, self.bake_s, self.from_start)
