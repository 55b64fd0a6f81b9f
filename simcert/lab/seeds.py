"""Seeds of a batch: one per (scenario, run), the same for every policy (common random numbers)."""

from hashlib import sha256
from operator import index

import numpy as np

from simcert.errors import InputError

BITS = 63  # so that a seed fits a signed integer in every table


def checked(seed: int) -> int:
    """Return the seed; InputError for anything but a whole number that is not negative."""
    try:
        number = index(seed)
    except TypeError:
        number = -1
    if number < 0:
        raise InputError(f"seed {seed!r}: must be a whole number, at least 0")
    return number


def seed_of(root: int, scenario: str, run: int) -> int:
    """Return the seed of run number `run`; no other scenario, policy or worker count changes it.

    `simcert run SCENARIO --seed` with this number flies that very run alone.
    """
    name = int.from_bytes(sha256(scenario.encode()).digest()[:4], "big")
    state = np.random.SeedSequence(root, spawn_key=(name, run)).generate_state(1, np.uint64)
    return int(state[0]) & ((1 << BITS) - 1)
