"""CertificateChain: exactly what a server sends, leaf first; TrustStore: whom a client believes."""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from simcert.errors import InputError
from simcert.tls._read_certificate import read_certificate
from simcert.tls.certificate import Certificate
from simcert.tls.roots import Root, named_roots

MAX_FILE_BYTES = 16_000_000
MAX_CERTIFICATES = 400
_BLOCK = re.compile(
    rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([^-]*)"
    rb"-----END (?:X509 |TRUSTED )?CERTIFICATE-----"
)
_LENGTH_BYTES = 3  # of each certificate and of the list, RFC 8446 section 4.4.2


@dataclass(frozen=True, slots=True)
class CertificateChain:
    """The certificates of one Certificate message, in the order sent."""

    certificates: tuple[Certificate, ...]
    source: str = "chain"

    @classmethod
    def from_pem(cls, source: str | Path | bytes) -> "CertificateChain":
        """Read a chain from a PEM (or single DER) file or its content; InputError if unusable."""
        content, name = _content(source)
        return cls(_certificates(content, name), name)

    @property
    def leaf(self) -> Certificate:
        """The end-entity certificate: the first one, whatever it is."""
        return self.certificates[0]

    def message_bytes(self, version: str) -> int:
        """Return the length of the Certificate message without its 4-byte header.

        TLS 1.3 adds an empty context and two bytes of extensions per entry (RFC 8446 4.4.2).
        """
        total = _LENGTH_BYTES + sum(_LENGTH_BYTES + one.size for one in self.certificates)
        return total + (1 + 2 * len(self.certificates) if version == "1.3" else 0)


@dataclass(frozen=True, slots=True)
class TrustStore:
    """What a client trusts: certificates known by key, and well-known public roots by name."""

    certificates: tuple[Certificate, ...] = ()
    roots: tuple[Root, ...] = ()
    source: str = "trust store"

    @classmethod
    def from_pem(cls, source: str | Path | bytes) -> "TrustStore":
        """Read locally installed roots from a PEM file or its content; InputError if unusable."""
        content, name = _content(source)
        return cls(certificates=_certificates(content, name), source=name)

    @classmethod
    def named(cls, ids: Iterable[str]) -> "TrustStore":
        """Return the store of well-known public roots; UnknownNameError for an unknown id.

        A chain is anchored there if its top names such a root as issuer: keys are not compared.
        """
        chosen = tuple(ids)
        return cls(roots=named_roots(chosen), source=", ".join(chosen))


def _content(source: str | Path | bytes) -> tuple[bytes, str]:
    if isinstance(source, bytes):
        return _bounded(source, "PEM data"), "PEM data"
    path = Path(source)
    try:
        with path.open("rb") as file:
            return _bounded(file.read(MAX_FILE_BYTES + 1), str(path)), str(path)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{path}: cannot be read ({reason}); give a PEM file") from error


def _bounded(content: bytes, name: str) -> bytes:
    if len(content) > MAX_FILE_BYTES:
        raise InputError(
            f"{name}: more than {MAX_FILE_BYTES} bytes; no certificate chain is that long"
        )
    return content


def _certificates(content: bytes, name: str) -> tuple[Certificate, ...]:
    blocks = [_decoded(block, name) for block in _BLOCK.findall(content)]
    if not blocks and content[:1] == b"\x30":
        blocks = [content]
    if not blocks:
        raise InputError(f"{name}: {_nothing_found(content)}")
    if len(blocks) > MAX_CERTIFICATES:
        raise InputError(f"{name}: {len(blocks)} certificates; at most {MAX_CERTIFICATES} are read")
    return tuple(_numbered(der, name, number) for number, der in enumerate(blocks, 1))


def _nothing_found(content: bytes) -> str:
    if not content.strip():
        return "is empty; a chain in PEM was expected, leaf first"
    if b"PRIVATE KEY" in content:
        return "holds a private key but no certificate; give the certificate chain"
    return 'holds no "BEGIN CERTIFICATE" block; give a chain in PEM, leaf first'


def _decoded(block: bytes, name: str) -> bytes:
    try:
        return b64decode(b"".join(block.split()), validate=True)
    except (Base64Error, ValueError) as error:
        raise InputError(f"{name}: a certificate is not valid base64 ({error})") from error


def _numbered(der: bytes, name: str, number: int) -> Certificate:
    try:
        return read_certificate(der)
    except InputError as error:
        raise InputError(f"{name}: certificate {number}: {error}") from error
