"""CertificateChain: exactly what a server sends, leaf first; TrustStore: whom a client believes."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from simcert.errors import InputError
from simcert.tls._read_certificate import read_certificate
from simcert.tls._read_pem import read_source
from simcert.tls.certificate import Certificate
from simcert.tls.roots import Root, named_roots

_LENGTH_BYTES = 3  # of each certificate and of the list, RFC 8446 section 4.4.2


@dataclass(frozen=True, slots=True)
class CertificateChain:
    """The certificates of one Certificate message, in the order sent."""

    certificates: tuple[Certificate, ...]
    source: str = "chain"

    def __post_init__(self) -> None:
        if not self.certificates:
            raise InputError("a chain without certificates; a server sends its leaf at least")

    @classmethod
    def from_pem(cls, source: str | Path | bytes) -> "CertificateChain":
        """Read a chain from a PEM (or single DER) file or its content; InputError if unusable."""
        return cls(*_read(source))

    @property
    def leaf(self) -> Certificate:
        """The end-entity certificate: the first one, whatever it is."""
        return self.certificates[0]

    @property
    def in_order(self) -> bool:
        """Whether every certificate issued the one before it (RFC 5246 7.4.2)."""
        return all(one.issuer == issuer.subject for one, issuer in pairwise(self.certificates))

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
        certificates, name = _read(source)
        return cls(certificates=certificates, source=name)

    @classmethod
    def named(cls, ids: Iterable[str]) -> "TrustStore":
        """Return the store of well-known public roots; UnknownNameError for an unknown id.

        A chain is anchored there if its top names such a root as issuer: keys are not compared.
        """
        chosen = tuple(ids)
        return cls(roots=named_roots(chosen), source=", ".join(chosen))


def _read(source: str | Path | bytes) -> tuple[tuple[Certificate, ...], str]:
    ders, name = read_source(source)
    return tuple(_numbered(der, name, number) for number, der in enumerate(ders, 1)), name


def _numbered(der: bytes, name: str, number: int) -> Certificate:
    try:
        return read_certificate(der)
    except InputError as error:
        raise InputError(f"{name}: certificate {number}: {error}") from error
