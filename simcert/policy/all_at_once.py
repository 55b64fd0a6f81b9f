"""All at once: everybody gets the new certificate now; what most sites do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from simcert.policy._ladder import Ladder, NamedSchedule, codedeploy

_SCHEDULES = codedeploy("AllAtOnce", Ladder((1.0,), 0.0), "", "Lambda", "ECS")
_SCHEDULES["AppConfig.AllAtOnce"] = Ladder((1.0,), 0.0, 600.0)  # alarms are watched for 10 minutes


@dataclass(frozen=True, slots=True)
class AllAtOnce(NamedSchedule):
    """Exposure 1 at the first tick, complete after `bake_s`; or a published `schedule` of AWS.

    `alarm` as in `fixed_linear`.
    """

    published: ClassVar[Mapping[str, Ladder]] = _SCHEDULES

    def own(self) -> Ladder:
        """Return one rung."""
        return Ladder((1.0,), 0.0, self.bake_s)
