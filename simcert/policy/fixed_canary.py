"""Fixed canary: a small share for a fixed time, then everybody."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from simcert.model.bounds import Chance, NotNegative
from simcert.policy._ladder import Ladder, NamedSchedule, codedeploy

_SCHEDULES = {
    name: ladder
    for minutes, platforms in (
        (5, ("Lambda", "ECS")),
        (10, ("Lambda",)),
        (15, ("Lambda", "ECS")),
        (30, ("Lambda",)),
    )
    for name, ladder in codedeploy(
        f"Canary10Percent{minutes}Minutes", Ladder((0.1, 1.0), 60.0 * minutes), *platforms
    ).items()
}


@dataclass(frozen=True, slots=True)
class FixedCanary(NamedSchedule):
    """`share` for `wait_s`, then 1; or a published `schedule` of AWS CodeDeploy by its name."""

    published: ClassVar[Mapping[str, Ladder]] = _SCHEDULES

    share: Chance = 0.1
    wait_s: NotNegative = 900.0

    def own(self) -> Ladder:
        """Return two rungs."""
        return Ladder((self.share, 1.0), self.wait_s, self.bake_s)
