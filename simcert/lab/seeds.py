"""Seeds of a batch: one per (scenario, run), the same for every policy (common random numbers)."""

from hashlib import sha256

import numpy as np

BITS = 63  # so that a seed fits a signed integer in every table


def seed_of(root: int, scenario: str, run: int) -> int:
    """Return the seed of run number `run`; no other scenario, policy or worker count changes it.

    `simcert run SCENARIO --seed` with this number flies that very run alone.
    """
    name = int.from_bytes(sha256(scenario.encode()).digest()[:4], "big")
    state = np.random.SeedSequence(root, spawn_key=(name, run)).generate_state(1, np.uint64)
    return int(state[0]) & ((1 << BITS) - 1)
