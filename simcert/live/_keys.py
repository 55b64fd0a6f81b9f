"""Keys and signing requests of leaves; a key leaves this process only in a bundle, mode 0600."""

from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from simcert.errors import UnknownNameError

LeafKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
KINDS = ("ecdsa", "rsa")


def new_key(kind: str) -> LeafKey:
    """Return a fresh P-256 or RSA-2048 key."""
    if kind == "ecdsa":
        return ec.generate_private_key(ec.SECP256R1())
    if kind == "rsa":
        return rsa.generate_private_key(65537, 2048)
    raise UnknownNameError("key type", kind, KINDS)


def key_pem(key: LeafKey) -> str:
    """Return the key as it stands in a bundle."""
    form = serialization.PrivateFormat.PKCS8
    encoded = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return encoded.decode("ascii")


def request_pem(key: LeafKey, names: Sequence[str]) -> bytes:
    """Return a signing request for DNS names."""
    san = x509.SubjectAlternativeName([x509.DNSName(one) for one in names])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject(names[0]))
    request = builder.add_extension(san, critical=False).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM)


def subject(name: str) -> x509.Name:
    """Return a subject with a common name, which holds 64 letters at most."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
