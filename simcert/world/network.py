"""Handshake time as the server sees it: ClientHello in to Finished in, successful full handshakes.

One round trip, one more for each doubling of the congestion window that the certificate flight
needs (RFC 6928: k is the smallest with IW (2^(k+1) - 1) >= bytes), CPU of both sides, and, if a
flight is lost, a retransmission timeout of max(200 ms, 2 RTT) (RFC 6298, with Linux's floor). The
round trip is log-normal, so the distribution function is known in closed form.
"""

from math import inf, log

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from simcert.model import TIME_EDGES_MS
from simcert.world.spec import Network, Seen

Floats = npt.NDArray[np.float64]

TIMEOUT_MS = 200.0


def extra_round_trips(flight_bytes: int, initial_window_bytes: int) -> int:
    """Return how often the server waits for acknowledgements inside its first flight."""
    k = 0
    while initial_window_bytes * (2 ** (k + 1) - 1) < flight_bytes:
        k += 1
    return k


def round_trips(network: Network, seen: Seen) -> int:
    """Return the round trips of a handshake without loss."""
    return 1 + extra_round_trips(seen.flight_bytes, network.initial_window_bytes)


def cpu_ms(seen: Seen) -> float:
    """Return the computing time of both sides."""
    return (seen.server_cpu_us + seen.client_cpu_us) / 1000.0


def loss_probability(network: Network, seen: Seen) -> float:
    """Return the probability that some flight is lost, once per round trip."""
    return float(1.0 - (1.0 - network.loss) ** round_trips(network, seen))


def bin_shares(network: Network, seen: Seen) -> Floats:
    """Return the probability of each bin of `TIME_EDGES_MS`; it sums to 1."""
    trips, cpu = round_trips(network, seen), cpu_ms(seen)
    lost = loss_probability(network, seen)
    after_cpu = TIME_EDGES_MS - cpu
    soon = (after_cpu - TIMEOUT_MS) / trips  # round trip, if the timeout was at its floor
    with_loss = np.where(soon < TIMEOUT_MS / 2.0, soon, after_cpu / (trips + 2.0))
    below = (1.0 - lost) * _cdf(network, after_cpu / trips) + lost * _cdf(network, with_loss)
    shares: Floats = np.diff(below, prepend=0.0, append=1.0)
    return np.clip(shares, 0.0, 1.0)


def _cdf(network: Network, rtt_ms: Floats) -> Floats:
    """Return the share of round trips up to `rtt_ms`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(rtt_ms > 0.0, np.log(rtt_ms) - log(network.rtt_ms), -inf)
        z = np.where(np.isneginf(z), -inf, z / max(network.rtt_sigma, 1e-9))
    reached: Floats = ndtr(z)
    return reached
