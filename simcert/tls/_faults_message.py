"""Objections to the Certificate message as sent, and to what the leaf may be used for."""

from collections.abc import Mapping
from itertools import pairwise

from simcert.tls.case import Case, Check, Fault, fault


def message_size(case: Case, _: int) -> Fault | None:
    """The Certificate message fits the client's buffer."""
    limit, size = case.verifier.max_message_bytes, case.chain.message_bytes(case.negotiated.version)
    if limit is None or size <= limit:
        return None
    reason = f"Certificate message of {size} bytes, limit {limit}"
    return Fault("message_size", "chain", reason, "RFC 8446 4.4.2")


def certificate_size(case: Case, index: int) -> Fault | None:
    """No certificate exceeds the client's limit for one."""
    limit, size = case.verifier.max_certificate_bytes, case.path.certificates[index].size
    if limit is None or size <= limit:
        return None
    reason = f"certificate of {size} bytes, limit {limit}"
    return fault(case, "certificate_size", index, reason, "X.690")


def certificate_count(case: Case, _: int) -> Fault | None:
    """The message holds no more certificates than the client takes."""
    limit, count = case.verifier.max_certificates, len(case.chain.certificates)
    if limit is None or count <= limit:
        return None
    reason = f"{count} certificates sent, limit {limit}"
    return Fault("certificate_count", "chain", reason, "RFC 8446 4.4.2")


def disorder(case: Case, _: int) -> Fault | None:
    """Every certificate sent issues the one before it, up to the anchor."""
    if case.verifier.tolerates_disorder:
        return None
    sent = case.path.certificates
    for child, issuer in pairwise(sent):
        if child.issuer != issuer.subject:
            reason = f"{issuer.label} was sent where the issuer of {child.label} belongs"
            return Fault("disorder", "chain", reason, "RFC 5246 7.4.2")
    return None


def key_usage(case: Case, _: int) -> Fault | None:
    """The leaf may be used as the suite uses it: to sign, or to decrypt (RFC 5280 4.2.1.3)."""
    usages = case.path.certificates[0].usages
    if not case.verifier.checks_key_usage or usages is None:
        return None
    needed = "digital_signature" if case.negotiated.signs else "key_encipherment"
    if needed in usages:
        return None
    return fault(case, "key_usage", 0, f"keyUsage lacks {needed}", "RFC 5280 4.2.1.3")


def exchange_usage(case: Case, _: int) -> Fault | None:
    """The leaf's keyUsage allows what its kind of key does in classic key exchange (NSS)."""
    one = case.path.certificates[0]
    needed = (
        {"digital_signature", "key_agreement"} if one.key.kind == "ec" else {"key_encipherment"}
    )
    if one.usages is None or one.usages & needed or one.key.kind not in ("ec", "rsa"):
        return None
    reason = f"keyUsage lacks {' and '.join(sorted(needed))}"
    return fault(case, "exchange_usage", 0, reason, "RFC 5280 4.2.1.3")


def tls_usage(case: Case, _: int) -> Fault | None:
    """The leaf's keyUsage allows some use in TLS: signing, encipherment or agreement."""
    usages = case.path.certificates[0].usages
    if usages is None or usages & {"digital_signature", "key_encipherment", "key_agreement"}:
        return None
    return fault(case, "purpose", 0, "keyUsage allows no use in TLS", "RFC 5280 4.2.1.3")


def staple(case: Case, index: int) -> Fault | None:
    """A must-staple certificate comes with its OCSP answer (RFC 7633)."""
    one = case.path.certificates[index]
    if not one.must_staple or case.stapled or not case.verifier.enforces_staple:
        return None
    return fault(case, "staple", index, "must-staple, and nothing was stapled", "RFC 7633 4.2.2")


CHECKS: Mapping[str, Check] = {
    "message_size": message_size,
    "certificate_size": certificate_size,
    "certificate_count": certificate_count,
    "disorder": disorder,
    "key_usage": key_usage,
    "tls_usage": tls_usage,
    "exchange_usage": exchange_usage,
    "staple": staple,
}
