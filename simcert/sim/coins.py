"""Coins: which certificate a row is served, by a draw per connection or by a hash of its client."""

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from simcert.world.spec import WorldSpec
from simcert.world.streams import Purpose, Streams

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Arms = npt.NDArray[np.uint8]


class Coins:
    """The assignment of a world; a hash is salted anew for each window, each stage, or never."""

    def __init__(self, spec: WorldSpec, streams: Streams) -> None:
        self._assignment, self._slices = spec.assignment, spec.slices
        self._salt = int(streams.generator(Purpose.CLIENTS, 1).integers(0, 2**63))
        self._exposure, self._stage = float("nan"), 0

    def expose(self, exposure: float) -> None:
        """Note the exposure in force; another one is another stage."""
        if exposure != self._exposure:
            self._exposure, self._stage = exposure, self._stage + 1

    def arms(self, client: Ints, step: int, draw: Generator) -> Arms:
        """Return the arm of each row of slice `step`."""
        if self._assignment == "per_connection":
            u = draw.random(len(client))
        else:
            u = _hashed(client, self._salt, self._coin(step))
        return (u < self._exposure).view(np.uint8)

    def _coin(self, step: int) -> int:
        """Return which of a client's coins is in force."""
        if self._assignment == "salted_per_stage":
            return self._stage
        return 1 + step // self._slices if self._assignment == "salted_per_window" else 0


def _hashed(client: Ints, salt: int, coin: int) -> Floats:
    """Return a number in [0, 1) that belongs to a client and a coin (splitmix64's finaliser)."""
    x = client.astype(np.uint64) + np.uint64((salt + coin * 0x9E3779B97F4A7C15) % 2**64)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits = (x ^ (x >> np.uint64(31))) >> np.uint64(11)
    return bits.astype(np.float64) * 2.0**-53
