"""Streams: randomness keyed by (seed, purpose, step), never by policy or by order of calls.

Philox is a counter-based generator (Salmon et al., SC 2011): its key comes from the seed, the two
high words of its counter from purpose and step, so it can be opened at any time, in any process,
with the same numbers. It is slow, so it draws 192 bits alone: they seed SFC64 (Doty-Humphrey,
PractRand), a third as dear, whose cycles are 2^255 long on average and never below 2^64.
"""

from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.random import SFC64, Generator, Philox, SeedSequence
from numpy.random.bit_generator import ISeedSequence

Words = npt.NDArray[np.uint64]


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


class _Words(ISeedSequence):
    """Words that a generator starts from: given like this, none are asked of the system."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def generate_state(self, n_words: int, dtype: npt.DTypeLike = np.uint64) -> Words:
        """Return the words, which are as many as are wanted."""
        assert (n_words, dtype) == (len(self._words), np.uint64)
        return self._words


class Streams:
    """All streams of one seed; equal arguments give equal numbers."""

    def __init__(self, seed: int) -> None:
        key: Words = SeedSequence(seed).generate_state(2, np.uint64).astype(np.uint64)
        self._key: Any = _Words(key)

    def generator(self, purpose: Purpose, step: int) -> Generator:
        """Return the stream of `purpose` that begins at slice `step`."""
        counter = np.array([0, 0, step, purpose], np.uint64)
        words: Words = Philox(self._key, counter=counter).random_raw(3)
        start: Any = _Words(words)
        return Generator(SFC64(start))
