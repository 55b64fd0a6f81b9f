"""Prefixes: which network an address in a record belongs to, as a 64-bit name.

IPv4 is cut after its third number (/24), IPv6 after its third group (/48 where nothing before it is
abbreviated); an address that is neither is a network by itself.
"""

import numpy as np
import numpy.typing as npt

from simcert.control.influence import NO_SOURCE
from simcert.live import _columns as columns

LOOPBACK = ("127.", "::1")
_LETTERS = frozenset("0123456789abcdef.:")
_DOT, _COLON = ord("."), ord(":")

Places = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


def no_beginning(head: str) -> str:
    """Say what is wrong with an exempt one: "" begins all addresses, "10.0.0.0/8" begins none."""
    if head and _LETTERS.issuperset(head):
        return ""
    return f'must be the beginning of an address, as "10." or "2001:db8:", got "{head}"'


def prefixes(letters: Bytes, begin: Places, end: Places, exempt: tuple[str, ...]) -> Places:
    """Return the name of each field's network; `NO_SOURCE` for what begins as an exempt one."""
    names = columns.names(letters, begin, _cut(letters, begin, end))
    names[names == NO_SOURCE] = 1
    for head in exempt:
        names[_begins(letters, begin, end, head)] = NO_SOURCE
    return names


def _cut(letters: Bytes, begin: Places, end: Places) -> Places:
    """Return where the network part of each field ends."""
    dots, colons = (np.append(np.flatnonzero(letters == c), len(letters)) for c in (_DOT, _COLON))
    dot = dots[np.maximum(np.searchsorted(dots, end) - 1, 0)]
    third = np.minimum(np.searchsorted(colons, begin) + 2, len(colons) - 1)
    colon = colons[third]
    cut = np.where(colon < end, colon, end)
    found: Places = np.where((dot >= begin) & (dot < end), dot, cut)
    return found


def _begins(letters: Bytes, begin: Places, end: Places, head: str) -> npt.NDArray[np.bool_]:
    fits = end - begin >= len(head)
    for i, letter in enumerate(head.encode()):
        fits &= letters[np.minimum(begin + i, len(letters) - 1)] == letter
    return fits
