"""Fixed exponential: the exposure doubles at equal intervals, whatever the clients say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from simcert.errors import InputError
from simcert.model.bounds import Exposure, Positive
from simcert.policy._ladder import Ladder, NamedSchedule, appconfig


def _rungs(start: float, factor: float) -> tuple[float, ...]:
    rungs, rung = [], start
    while rung < 1.0 - 1e-9:
        rungs.append(round(rung, 9))
        rung *= factor
    return (*rungs, 1.0)


_SCHEDULES = appconfig(  # 10 % * 2^N over 20 minutes in five intervals, then 10 minutes of bake
    "Canary10Percent20Minutes", Ladder(_rungs(0.1, 2.0), 240.0, 600.0, from_start=False)
)


@dataclass(frozen=True, slots=True)
class FixedExponential(NamedSchedule):
    """`start` * `factor`^N, a step each `every_s`; or a published `schedule` of AWS AppConfig."""

    published: ClassVar[Mapping[str, Ladder]] = _SCHEDULES

    start: Exposure = 0.05
    factor: Positive = 2.0
    every_s: Positive = 600.0
    from_start: bool = True

    def own(self) -> Ladder:
        """Return rungs that grow by `factor`; InputError if they would not reach everybody."""
        if self.factor <= 1.0:
            raise InputError(f"FixedExponential: factor must be more than 1, got {self.factor}")
        rungs = _rungs(self.start, self.factor)
        return Ladder(rungs, self.every_s, self.bake_s, self.from_start)
