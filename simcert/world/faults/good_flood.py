"""Good flood: machines that like every certificate connect in numbers, to hide whom it breaks."""

from dataclasses import dataclass

from simcert.model import OK
from simcert.model.bounds import Clients, Moment, Prefixes, Rate, Until
from simcert.world.faults._fault import Fault
from simcert.world.spec import Arrivals, Cohort, Encounter, Seen


@dataclass(frozen=True, slots=True)
class GoodFlood(Fault):
    """`connections_per_s` from `clients` machines in `prefixes` networks, all seen as ok."""

    from_s: Moment = 0.0
    until_s: Until = 86_400.0
    connections_per_s: Rate = 50.0
    clients: Clients = 5_000
    prefixes: Prefixes = 1
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
