"""All at once: everybody gets the new certificate now; what most sites do."""

from dataclasses import dataclass

from simcert.policy._ladder import FixedSchedule, Ladder


@dataclass(frozen=True, slots=True)
class AllAtOnce(FixedSchedule):
    """Exposure 1 at the first tick, complete after `bake_s`; `alarm` as in `fixed_linear`."""

    def own(self) -> Ladder:
        """Return one rung."""
        return Ladder((1.0,), 0.0, self.bake_s)
