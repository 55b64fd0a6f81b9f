"""Ticket-key rotation out of turn: every session ticket dies at once, full handshakes surge."""

from dataclasses import dataclass

from simcert.model.bounds import Moment
from simcert.world.faults._fault import Fault


@dataclass(frozen=True, slots=True)
class TicketKeyRotation(Fault):
    """Tickets of before `at_s` are refused after it."""

    at_s: Moment = 21_600.0

    def rotations_s(self) -> tuple[float, ...]:
        """Return the one moment."""
        return (self.at_s,)
