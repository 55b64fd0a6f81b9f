"""Poisoning: somebody who knows the new certificate fails with it on purpose, and with no other."""

from dataclasses import dataclass

from simcert.model import OK
from simcert.model.bounds import Clients, Moment, Prefixes, Rate, Until
from simcert.world.faults._fault import Fault
from simcert.world.spec import Arrivals, Cohort, Encounter, Seen


@dataclass(frozen=True, slots=True)
class Poisoning(Fault):
    """`connections_per_s` from `clients` addresses end as `outcome` with the new certificate."""

    from_s: Moment = 21_600.0
    until_s: Until = 22_800.0
    connections_per_s: Rate = 5.0
    clients: Clients = 10
    prefixes: Prefixes = 1
    outcome: str = "alert:unknown_ca"
    segment: str = "hostile"

    def cohorts(self, connections_per_s: float) -> tuple[Cohort, ...]:
        """Return the adversary as a cohort of its own."""
        fine, foul = Seen(outcomes=((OK, 1.0),)), Seen(outcomes=((self.outcome, 1.0),))
        return (
            Cohort(
                name="adversary",
                segment=self.segment,
                share=self.connections_per_s / connections_per_s,
                clients=self.clients,
                prefixes=self.prefixes,
                encounters=(Encounter(0.0, fine, foul),),
                arrivals=Arrivals(from_s=self.from_s, until_s=self.until_s),
            ),
        )
