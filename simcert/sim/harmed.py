"""Harmed clients: how many distinct ones the harmed connections belong to.

Harmful hits of a pool are a Poisson process whose points fall on its N clients uniformly and
independently (a client's own retries are not counted again), so after h hits the number of
distinct clients is that of occupied urns after h balls: drawn once, at the end.
"""

import numpy as np
from numpy.random import Generator

BALLS = 4_000_000  # thrown one by one up to here; beyond, missed urns are drawn one by one


def distinct(hits: int, clients: int, draw: Generator) -> int:
    """Return the number of distinct clients among `hits` uniform ones out of `clients`.

    Above `BALLS` hits every client is hit or missed independently with its marginal probability:
    then N < h, and the error against the urn law is below its own standard deviation.
    """
    if hits <= 0:
        return 0
    if clients == 1:
        return 1
    if hits <= BALLS:
        return int(np.unique(draw.integers(0, clients, hits)).size)
    return int(draw.binomial(clients, -np.expm1(hits * np.log1p(-1.0 / clients))))
