"""Scanner flood: machines that want no page connect in numbers, and fail with any certificate."""

from dataclasses import dataclass

from simcert.model import OK
from simcert.model.bounds import Clients, Moment, Prefixes, Rate, Share, Until
from simcert.world.faults._fault import Fault
from simcert.world.spec import Arrivals, Cohort, Encounter, Seen


@dataclass(frozen=True, slots=True)
class ScannerFlood(Fault):
    """`connections_per_s` from `clients` scanners, seen as `outcome`, `ok_share` of them as ok."""

    from_s: Moment = 21_600.0
    until_s: Until = 25_200.0
    connections_per_s: Rate = 20.0
    clients: Clients = 500
    prefixes: Prefixes = 16
    outcome: str = "server_abort:handshake_failure"
    ok_share: Share = 0.2
    segment: str = "scanner"

    def cohorts(self, connections_per_s: float) -> tuple[Cohort, ...]:
        """Return the scanners as a cohort of their own."""
        seen = Seen(outcomes=((OK, self.ok_share), (self.outcome, 1.0 - self.ok_share)))
        share = self.connections_per_s / connections_per_s
        return (
            Cohort(
                name="scanner_flood",
                segment=self.segment,
                share=share,
                clients=self.clients,
                prefixes=self.prefixes,
                encounters=(Encounter(0.0, seen, seen),),
                arrivals=Arrivals(from_s=self.from_s, until_s=self.until_s),
            ),
        )
