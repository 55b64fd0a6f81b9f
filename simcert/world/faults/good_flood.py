"""Good flood: machines that like every certificate connect in numbers, to hide whom it breaks."""

from dataclasses import dataclass

from simcert.model import OK
from simcert.world.faults._fault import Fault
from simcert.world.spec import Arrivals, Cohort, Encounter, Seen


@dataclass(frozen=True, slots=True)
class GoodFlood(Fault):
    """`connections_per_s` from `clients` machines in `prefixes` networks, all seen as ok."""

    from_s: float = 0.0
    until_s: float = 86_400.0
    connections_per_s: float = 50.0
    clients: int = 5_000
    prefixes: int = 1
    segment: str = "browser"

    def cohorts(self, connections_per_s: float) -> tuple[Cohort, ...]:
        """Return the flood as a cohort of its own."""
        fine = Seen(outcomes=((OK, 1.0),))
        return (
            Cohort(
                name="good_flood",
                segment=self.segment,
                share=self.connections_per_s / connections_per_s,
                clients=self.clients,
                prefixes=self.prefixes,
                encounters=(Encounter(0.0, fine, fine),),
                arrivals=Arrivals(from_s=self.from_s, until_s=self.until_s),
            ),
        )
