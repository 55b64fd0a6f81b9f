"""Cost: bytes, flights and processor time of one full handshake, from measured figures.

Server and client times are medians of 200 handshakes on one AMD EPYC core (OpenSSL 3.0, 2026-11);
they order and class certificates, they are not a forecast for other machines.
"""

from collections.abc import Mapping
from typing import NamedTuple

from simcert.tls.certificate import Certificate, Key
from simcert.tls.hello import ClientHello
from simcert.tls.server import Negotiated

CERTIFICATE_HEADER = 4
OTHER_BYTES: Mapping[str, int] = {"1.3": 287, "1.2": 212}  # hellos, extensions, Finished, records
CLIENT_BYTES: Mapping[str, int] = {"1.3": 80, "1.2": 93}  # after the ClientHello
SIGNATURE_BYTES: Mapping[str, int] = {
    "secp256r1": 71,
    "secp384r1": 103,
    "secp521r1": 139,
    "ed25519": 64,
    "ed448": 114,
    "mldsa44": 2420,
    "mldsa65": 3309,
    "mldsa87": 4627,
}
QUIC_AMPLIFICATION = 3  # RFC 9000 section 8.1
QUIC_INITIAL_BYTES = 1200


class Effort(NamedTuple):
    """Microseconds of a full handshake: server in TLS 1.2 and 1.3, client in either."""

    server_12: float
    server_13: float
    client: float


EFFORT: Mapping[str, Effort] = {
    "rsa1024": Effort(364, 461, 820),
    "rsa2048": Effort(653, 718, 890),
    "rsa3072": Effort(2596, 2707, 900),
    "rsa4096": Effort(4733, 4368, 900),
    "rsa8192": Effort(30121, 32158, 1200),
    "secp256r1": Effort(209, 276, 1380),
    "secp384r1": Effort(1021, 1204, 2850),
    "secp521r1": Effort(683, 736, 3460),
    "ed25519": Effort(329, 447, 1020),
    "ed448": Effort(563, 671, 1250),
    "mldsa44": Effort(600, 700, 1000),
}


class Cost(NamedTuple):
    """Figures of one full handshake; `flights` counts the server's rounds in its TCP window."""

    server_bytes: int
    client_bytes: int
    flights: int
    quic_flights: int
    server_us: float
    client_us: float


def cost(hello: ClientHello, negotiated: Negotiated, initial_window_bytes: int) -> Cost:
    """Return what the handshake would take if the client accepts."""
    version = negotiated.version
    signed = signature_bytes(negotiated.chain.leaf.key) if negotiated.signs else 0
    message = CERTIFICATE_HEADER + negotiated.chain.message_bytes(version)
    flight = message + signed + OTHER_BYTES.get(version, 212)
    effort = EFFORT[effort_class(negotiated.chain.leaf)]
    initial = max(QUIC_INITIAL_BYTES, hello.size)
    return Cost(
        server_bytes=flight,
        client_bytes=max(hello.size, 1) + CLIENT_BYTES.get(version, 93),
        flights=flights(flight, initial_window_bytes),
        quic_flights=flights(flight, QUIC_AMPLIFICATION * initial),
        server_us=effort.server_13 if version == "1.3" else effort.server_12,
        client_us=effort.client + 150.0 * max(0, len(negotiated.chain.certificates) - 2),
    )


def flights(size: int, window_bytes: int) -> int:
    """Return the rounds in which `size` bytes leave a window that doubles every round."""
    rounds, sent, window = 1, window_bytes, window_bytes
    while sent < size:
        window *= 2
        sent += window
        rounds += 1
    return rounds


def signature_bytes(key: Key) -> int:
    """Return the length of a handshake signature by this key."""
    if key.kind in ("rsa", "rsa_pss"):
        return max(1, key.bits // 8)
    return SIGNATURE_BYTES.get(key.curve or key.kind, 2 * max(1, key.bits // 8) + 8)


def effort_class(leaf: Certificate) -> str:
    """Return the measured class that a leaf key belongs to, the next larger RSA size or curve."""
    key = leaf.key
    if key.kind in ("rsa", "rsa_pss"):
        sizes = (1024, 2048, 3072, 4096)
        return f"rsa{next((size for size in sizes if key.bits <= size), 8192)}"
    if key.kind == "ec":
        return next(
            (c for b, c in ((256, "secp256r1"), (384, "secp384r1")) if key.bits <= b), "secp521r1"
        )
    return key.kind if key.kind in EFFORT else "mldsa44"
