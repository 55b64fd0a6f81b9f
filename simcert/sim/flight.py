"""Flight: what one rollout did to its world, counted exactly."""

from dataclasses import dataclass, field

Moves = list[tuple[float, float, str]]
"""When, which exposure came into force, and the reason of the decision behind it."""


@dataclass(frozen=True, slots=True)
class Flight:
    """`end` is `complete`, `rolled_back` or `deadline`; connections are those of both arms.

    `harmed_connections` were served the new certificate and failed, and would with the same
    randomness have succeeded with the old one; `harmed_clients` are the distinct clients of those.
    """

    end: str
    minutes_to_full: float | None
    harmed_connections: int
    harmed_clients: int
    connections: int
    ok_connections: int
    rolled_back_ever: bool
    attempts: int
    exposure: Moves = field(repr=False)
