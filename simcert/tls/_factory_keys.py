"""Private keys by kind; they live as long as the process that makes them, never in a file."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

from simcert.errors import MachineError, UnknownNameError

PrivateKey = CertificateIssuerPrivateKeyTypes


def _rsa(bits: int) -> Callable[[], PrivateKey]:
    return lambda: rsa.generate_private_key(65_537, bits)


def _curve(curve: ec.EllipticCurve) -> Callable[[], PrivateKey]:
    return lambda: ec.generate_private_key(curve)


def _mldsa44() -> PrivateKey:
    """FIPS 204; `cryptography` has it from version 46 on, if its OpenSSL does."""
    try:
        from cryptography.hazmat.primitives.asymmetric import mldsa

        return mldsa.MLDSA44PrivateKey.generate()
    except Exception as error:
        raise MachineError(f"this build of cryptography makes no ML-DSA keys: {error}") from error


KINDS: Mapping[str, Callable[[], PrivateKey]] = MappingProxyType(
    {
        "rsa1024": _rsa(1024),
        "rsa2048": _rsa(2048),
        "rsa3072": _rsa(3072),
        "rsa4096": _rsa(4096),
        "p256": _curve(ec.SECP256R1()),
        "p384": _curve(ec.SECP384R1()),
        "p521": _curve(ec.SECP521R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
        "ed448": ed448.Ed448PrivateKey.generate,
        "mldsa44": _mldsa44,
    }
)


def new_key(kind: str) -> PrivateKey:
    """Return a fresh private key; UnknownNameError for a kind that is not made here."""
    if kind not in KINDS:
        raise UnknownNameError("kind of key", kind, KINDS)
    return KINDS[kind]()


def private_pem(key: PrivateKey) -> bytes:
    """Return a key as unencrypted PKCS #8, for a server that a test runs on loopback."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
