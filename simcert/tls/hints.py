"""Hints: what a ClientHello betrays of the verifier behind it.

OpenSSL drops signature schemes below its security level from its offer, and the generations differ
in what they add (finite-field groups since 3.0), so level and generation can be read from it.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from simcert.tls.hello import ClientHello
from simcert.tls.stacks import capabilities
from simcert.tls.verifier import Verifier, verifier

_SHA1 = frozenset({0x0201, 0x0203})
_SHA224 = frozenset({0x0301, 0x0303})
_DSA_SHA256, _DSA_SHA384, _DSA_SHA512 = 0x0402, 0x0502, 0x0602  # last in OpenSSL's default offer
_FFDHE = frozenset(range(0x0100, 0x0105))


def security_level(hello: ClientHello) -> str | None:
    """Return the key of `[security_level.*]` that this offer betrays, None if it is the default."""
    schemes = frozenset(hello.sigalgs or ())
    if _SHA1 & schemes:
        return "0" if _FFDHE.intersection(hello.groups or ()) else "1.1.1"
    if _DSA_SHA512 not in schemes or _SHA224 & schemes:
        return None
    if _DSA_SHA256 in schemes:
        return "3"
    return "4" if _DSA_SHA384 in schemes else "5"


def informed(rules: Verifier, hello: ClientHello) -> Verifier:
    """Return the verifier with what its ClientHello says of keys and hashes that it refuses."""
    level = security_level(hello) if rules.openssl_levels else None
    if level is None:
        return rules
    own = _level(level)
    values = verifier(own)
    return replace(rules, **{name: getattr(values, name) for name in own})


def hashes_as_offered(rules: Verifier, hello: ClientHello) -> Verifier:
    """Return the verifier refusing SHA-1 in certificates unless its ClientHello offers it.

    `signature_algorithms` speaks of certificates, too, where `signature_algorithms_cert` does not
    (RFC 8446 4.2.3). Not a law: libraries offer what they then refuse, and the other way round.
    """
    offered = _SHA1 & frozenset(hello.sigalgs_cert or hello.sigalgs or ())
    refused = rules.weak_hashes - {"sha1"} if offered else rules.weak_hashes | {"sha1"}
    return replace(rules, weak_hashes=refused)


@cache
def _level(name: str) -> Mapping[str, Any]:
    table: Mapping[str, Any] = capabilities()["security_level"][name]
    return table
