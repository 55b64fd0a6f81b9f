"""What only `records` has a law for: tickets followed client by client, coins that are kept."""

from dataclasses import replace

import numpy as np
import pytest

from simcert.sim.driver import traffic_of
from simcert.sim.records import Records
from simcert.world.faults.ticket_key_rotation import TicketKeyRotation
from simcert.world.spec import Resumption, WorldSpec
from simcert.world.streams import Streams
from tests.sim.worlds import cohort, world

RESUMING = replace(cohort("a fine", 1.0, 60), resumption=Resumption(0.8, ticket_life_s=3600.0))
SLICE_S = 15.0


def full_handshakes(spec: WorldSpec) -> dict[float, int]:
    """Return how many handshakes of each slice resumed nothing, by its start."""
    traffic = traffic_of(spec, Streams(1), "records")
    windows = [w for _ in range(40) for w in traffic.advance(0.0)]
    return {w.start_s: int(w.attempts.sum() - w.resumed.sum()) for w in windows}


@pytest.mark.parametrize(
    "rotation",
    [{"faults": (TicketKeyRotation(300.0),)}, {"ticket_key_rotation_s": 300.0}],
    ids=["by fault", "by plan"],
)
def test_a_new_ticket_key_makes_full_handshakes_surge_and_only_then(
    rotation: dict[str, object],
) -> None:
    calm = full_handshakes(world(cohorts=(RESUMING,)))
    turned = full_handshakes(world(cohorts=(RESUMING,), **rotation))
    before = [t for t in calm if t < 300.0]

    assert [turned[t] for t in before] == [calm[t] for t in before]
    assert turned[300.0] >= calm[300.0] + 5
    assert turned[300.0] > 3 * turned[300.0 + 2 * SLICE_S]


@pytest.mark.parametrize(
    ("assignment", "in_a_window", "in_all"),
    [
        ("per_connection", True, True),
        ("salted_per_window", False, True),
        ("salted_per_stage", False, False),
        ("per_client", False, False),
    ],
)
def test_a_client_keeps_its_arm_as_long_as_its_coin_says(
    assignment: str, *, in_a_window: bool, in_all: bool
) -> None:
    spec = world(assignment=assignment)
    records = Records(spec, Streams(1))
    batches = [records.rows(0.5) for _ in range(40)]
    client, arm, start_s = (
        np.concatenate([getattr(b, name) for b in batches]) for name in ("client", "arm", "start_s")
    )
    window = (start_s // spec.window_s).astype(np.int64)

    assert changed(client * 1000 + window, arm) is in_a_window
    assert changed(client, arm) is in_all


def changed(key: np.ndarray, arm: np.ndarray) -> bool:
    """Return whether any key stands beside both arms."""
    return len(np.unique(key * 2 + arm)) > len(np.unique(key))
