"""The extensions of one certificate: read at once, or one by one where one of them is damaged.

`cryptography` reads all or none. So where it gives up, each extension is put alone into a copy of
the certificate (which is never trusted, only read), and the one that still fails becomes a name.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
LONGEST_OID = 63  # bytes, of all that `cryptography` reads
MOST_READ = 64  # one by one; certificates in use have about ten
BOOLEAN, INTEGER, DNS_NAME = 0x01, 0x02, 0x82
_SEQUENCE, _EXTENSIONS = 0x30, 0xA3


class Damaged(NamedTuple):
    """An extension that could not be read: whether it is critical, and its bytes."""

    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class Extensions:
    """What could be read, by object identifier; what could not; and why."""

    readable: Mapping[str, x509.Extension[Any]]
    damaged: Mapping[str, Damaged] = field(default_factory=dict)
    reason: str = ""

    @property
    def names(self) -> frozenset[str]:
        """The identifiers of all that are there."""
        return frozenset(self.readable) | frozenset(self.damaged)

    @property
    def critical(self) -> frozenset[str]:
        """The identifiers of those marked critical, readable or not."""
        marked = (oid for oid, one in self.readable.items() if one.critical)
        return frozenset(marked) | {oid for oid, one in self.damaged.items() if one.critical}


def read_extensions(one: x509.Certificate, der: bytes) -> Extensions:
    """Return the extensions of a certificate; of a doubled one the first counts."""
    try:
        return Extensions({e.oid.dotted_string: e for e in one.extensions})
    except UNREADABLE as error:
        return _one_by_one(der, f"extensions: {error}")


def _one_by_one(der: bytes, reason: str) -> Extensions:
    readable: dict[str, x509.Extension[Any]] = {}
    damaged: dict[str, Damaged] = {}
    with suppress(ValueError, IndexError):  # what follows a cut-off element is lost
        for oid, one, alone in _separated(der):
            if oid in readable or oid in damaged:
                continue
            found = _only(alone)
            if found is not None:
                readable[oid] = found
            else:
                damaged[oid] = one
    return Extensions(readable, damaged, reason)


def _only(der: bytes) -> x509.Extension[Any] | None:
    try:
        return next(iter(x509.load_der_x509_certificate(der).extensions), None)
    except UNREADABLE:
        return None


def _separated(der: bytes) -> Iterator[tuple[str, Damaged, bytes]]:
    """Yield object identifier, what stands there, and a certificate with this extension alone."""
    parts = list(elements(content(der)))
    fields = list(elements(content(parts[0])))
    plain = b"".join(part for part in fields if part[0] != _EXTENSIONS)
    listed = next(part for part in fields if part[0] == _EXTENSIONS)
    for count, entry in enumerate(elements(content(content(listed)))):
        if count == MOST_READ:
            return
        inner = list(elements(content(entry)))
        critical = len(inner) > 2 and inner[1][0] == BOOLEAN and inner[1][-1] != 0
        wrapped = element(_EXTENSIONS, element(_SEQUENCE, entry))
        whole = element(_SEQUENCE, plain + wrapped) + b"".join(parts[1:])
        one = Damaged(critical, content(inner[-1]))
        yield _dotted(content(inner[0])), one, element(_SEQUENCE, whole)


def elements(data: bytes) -> Iterator[bytes]:
    """Yield the DER elements that follow one another; ValueError where one is cut off."""
    at = 0
    while at < len(data):
        start, length = _header(data, at)
        if start + length > len(data):
            raise ValueError("an element is cut off")
        yield data[at : start + length]
        at = start + length


def content(element: bytes) -> bytes:
    """Return what stands in a DER element."""
    start, length = _header(element, 0)
    return element[start : start + length]


def _header(data: bytes, at: int) -> tuple[int, int]:
    """Return where the content starts and how long it is (X.690 8.1.3)."""
    first = data[at + 1]
    if first < 0x80:
        return at + 2, first
    end = at + 2 + (first & 0x7F)
    return end, int.from_bytes(data[at + 2 : end], "big")


def element(tag: int, inside: bytes) -> bytes:
    """Return a DER element of this tag and content."""
    size = len(inside)
    if size < 0x80:
        return bytes((tag, size)) + inside
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + inside


def _dotted(content: bytes) -> str:
    """Return an object identifier in dots (X.690 8.19)."""
    numbers, number = [], 0
    for byte in content[:LONGEST_OID]:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            numbers.append(number)
            number = 0
    top = min(numbers[0] // 40, 2)
    return ".".join(map(str, (top, numbers[0] - 40 * top, *numbers[1:])))
