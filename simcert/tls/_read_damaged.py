"""What lenient parsers still read where DER is not quite as X.690 and RFC 5280 want it."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from simcert.tls._read_extensions import BOOLEAN, DNS_NAME, INTEGER, Damaged, content, elements

BASIC_CONSTRAINTS, ALTERNATIVE_NAMES, PURPOSES = "2.5.29.19", "2.5.29.17", "2.5.29.37"
_EMPTY = b"\x30\x00"
_EXPLICIT_FALSE = (b"\x30\x03\x01\x01\x00",)  # the default spelt out: old CAs do, all read it


def harmless(damaged: Mapping[str, Damaged]) -> frozenset[str]:
    """Return the identifiers of those that no known parser minds."""
    return frozenset(
        oid
        for oid, one in damaged.items()
        if oid == BASIC_CONSTRAINTS and one.value in _EXPLICIT_FALSE
    )


def damaged_facts(damaged: Mapping[str, Damaged]) -> dict[str, Any]:
    """Return what can be told of damaged extensions all the same."""
    facts: dict[str, Any] = {}
    with suppress(ValueError, IndexError):
        if BASIC_CONSTRAINTS in damaged:
            facts |= _basic_constraints(damaged[BASIC_CONSTRAINTS])
    if damaged.get(PURPOSES, Damaged(False, b"")).value == _EMPTY:
        facts["purposes"] = frozenset()
    with suppress(ValueError, IndexError):
        if ALTERNATIVE_NAMES in damaged:
            facts |= _alternative_names(damaged[ALTERNATIVE_NAMES])
    return facts


def _basic_constraints(one: Damaged) -> dict[str, Any]:
    """Take any BOOLEAN that is not 0 for TRUE, as BER does (X.690 8.2.2)."""
    if one.value[0] != 0x30:
        return {}
    parts = list(elements(content(one.value)))
    flags = [part for part in parts if part[0] == BOOLEAN]
    lengths = [int.from_bytes(content(part)[:8], "big") for part in parts if part[0] == INTEGER]
    return {
        "ca": bool(flags) and flags[0][-1] != 0,
        "path_length": lengths[0] if lengths else None,
        "basic_constraints_critical": one.critical,
    }


def _alternative_names(one: Damaged) -> dict[str, Any]:
    """Take the DNS names, whatever stands beside them."""
    if one.value[0] != 0x30:
        return {}
    names = [content(part) for part in elements(content(one.value)) if part[0] == DNS_NAME]
    return {
        "has_alternative_names": True,
        "alternative_names_critical": one.critical,
        "dns_names": tuple(name.decode("ascii", "replace") for name in names),
    }


def algorithms_agree(der: bytes) -> bool:
    """Whether the signature algorithm inside is the one outside (RFC 5280 section 4.1.1.2)."""
    body, outside, *_ = elements(content(der))
    inside = next((part for part in elements(content(body)) if part[0] == 0x30), None)
    return inside == outside
