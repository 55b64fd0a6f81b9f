"""A bundle of leaf, intermediates and key: refused before any client could meet its faults.

The private key stays in the bytes of the bundle: it is never logged, journalled or printed.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from simcert.errors import InputError
from simcert.model import given
from simcert.tls.names import covers

BUNDLE_MAX = 1_000_000  # bytes; no client takes a chain that is a tenth of it


@dataclass(frozen=True, slots=True)
class Bundle:
    """The parsed certificates, leaf first, and the PEM text that a terminator gets."""

    name: str
    chain: tuple[x509.Certificate, ...]
    pem: str = field(repr=False)

    @property
    def leaf(self) -> x509.Certificate:
        """The server's own certificate."""
        return self.chain[0]

    @property
    def names(self) -> frozenset[str]:
        """DNS names of the leaf."""
        san = self._san()
        return frozenset(san.get_values_for_type(x509.DNSName) if san else ())

    @property
    def addresses(self) -> frozenset[str]:
        """IP addresses of the leaf."""
        san = self._san()
        return frozenset(map(str, san.get_values_for_type(x509.IPAddress) if san else ()))

    def _san(self) -> x509.SubjectAlternativeName | None:
        try:
            return self.leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return None

    @property
    def serial(self) -> str:
        """Serial number as HAProxy writes it."""
        text = f"{self.leaf.serial_number:X}"
        return text if len(text) % 2 == 0 else f"0{text}"

    @property
    def digest(self) -> str:
        """SHA-256 of the leaf: names a certificate in the journal."""
        encoded = self.leaf.public_bytes(serialization.Encoding.DER)
        return hashlib.sha256(encoded).hexdigest()

    @property
    def until_s(self) -> float:
        """Return when the leaf expires, in seconds since 1970; a cross-sign may end before it."""
        return self.leaf.not_valid_after_utc.timestamp()

    @property
    def dates_s(self) -> tuple[float, float]:
        """Return from when until when the leaf is valid, in seconds since 1970."""
        return self.leaf.not_valid_before_utc.timestamp(), self.until_s

    @property
    def ecdsa(self) -> bool:
        """Whether the leaf's key is an elliptic one."""
        return isinstance(self.leaf.public_key(), ec.EllipticCurvePublicKey)


def read_bundle(path: Path) -> Bundle:
    """Return the bundle in a file; InputError if it is not a chain with the leaf's key."""
    try:
        data = given.read(path, BUNDLE_MAX, "give a PEM file")
        chain = tuple(x509.load_pem_x509_certificates(data))
        key = serialization.load_pem_private_key(_key_part(data), None)
    except InputError:
        raise
    except (ValueError, TypeError) as error:
        remedy = "give leaf, intermediates and unencrypted private key in one PEM file"
        raise InputError(f"{path}: is no bundle ({type(error).__name__}); {remedy}") from error
    if _public(key.public_key()) != _public(chain[0].public_key()):
        raise InputError(f"{path}: the private key does not belong to the first certificate")
    certificates = [one.public_bytes(serialization.Encoding.PEM).decode() for one in chain]
    return Bundle(str(path), chain, "".join(certificates) + _key_part(data).decode("ascii"))


def check_new(new: Bundle, old: Bundle, at: dt.datetime) -> None:
    """Raise InputError with everything for which `new` may not take the place of `old`."""
    gone = {one for one in old.names - new.names if not any(covers(p, one) for p in new.names)}
    faults = [f"does not name {one}" for one in sorted(gone | (old.addresses - new.addresses))]
    if why := _untimely(new.leaf, at):
        faults.append(f"is {why}")
    fresh = [one for one in new.chain[1:] if one not in old.chain]  # what the old one sends stays
    faults += [f"{_cn(one)} is {why}" for one in fresh if (why := _untimely(one, at))]
    for lower, upper in zip(new.chain, new.chain[1:], strict=False):
        try:
            lower.verify_directly_issued_by(upper)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
            faults.append(f"{_cn(lower)} is not issued by {_cn(upper)}: {type(error).__name__}")
    if len(new.chain) == 1 and len(old.chain) > 1:
        faults.append("has no intermediate although the old one has; is the chain complete?")
    if faults:
        raise InputError("\n".join(f"{new.name}: {fault}" for fault in faults))


def _untimely(one: x509.Certificate, at: dt.datetime) -> str:
    """Return why a certificate is not valid, or nothing."""
    begin, end = one.not_valid_before_utc, one.not_valid_after_utc
    if begin <= at < end:
        return ""
    return f"valid from {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC, not now"


def _key_part(data: bytes) -> bytes:
    begin = (
        data.find(b"-----BEGIN", data.find(b"PRIVATE KEY") - 30) if b"PRIVATE KEY" in data else -1
    )
    end = data.find(b"-----END", begin)
    if begin < 0 or end < 0:
        raise ValueError("no private key")
    return data[begin : data.index(b"\n", end) + 1 if b"\n" in data[end:] else len(data)]


def _public(key: object) -> bytes:
    assert hasattr(key, "public_bytes")
    encoded: bytes = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded


def _cn(one: x509.Certificate) -> str:
    return one.subject.rfc4514_string() or "(no subject)"
