"""Streams: randomness keyed by (seed, purpose, step), never by policy or by order of calls.

Philox is a counter-based generator (Salmon et al., SC 2011): its key comes from the seed, the two
high words of its counter from purpose and step, so every stream is 2^128 draws away from the next
and can be opened at any time, in any process, with the same numbers.
"""

from enum import IntEnum

import numpy as np
from numpy.random import Generator, Philox, SeedSequence


class Purpose(IntEnum):
    """What randomness is for; the first ones are drawn before any exposure is known."""

    ARRIVALS = 1  # who comes, and what would happen under both certificates
    CLIENTS = 2  # traits that a client keeps
    ARMS = 3  # which certificate is served
    RETRIES = 4
    TIMES = 5  # handshake times and features
    FEEDBACK = 6  # reports and probes
    METRICS = 7  # what happens to windows on their way
    HARMED = 8  # which clients the harmed connections belong to
    REST = 9  # after the last decision


class Streams:
    """All streams of one seed; equal arguments give equal numbers."""

    def __init__(self, seed: int) -> None:
        self._key = SeedSequence(seed).generate_state(2, np.uint64)

    def generator(self, purpose: Purpose, step: int) -> Generator:
        """Return the stream of `purpose` that begins at slice `step`."""
        counter = np.array([0, 0, step, purpose], np.uint64)
        return Generator(Philox(key=self._key, counter=counter))
