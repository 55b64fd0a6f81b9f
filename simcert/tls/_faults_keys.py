"""Objections to keys and signatures: kinds, sizes, hashes, and whether a signature verifies."""

from collections.abc import Mapping

from simcert.tls.case import Case, Check, Fault, fault
from simcert.tls.certificate import Certificate
from simcert.tls.path import signed_by
from simcert.tls.server import words

HASH_BYTES: Mapping[str, int] = {"sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64}
CURRENT_HASHES = frozenset({"sha256", "sha384", "sha512", "shake256"})  # that TLS has schemes for


def key_type(case: Case, index: int) -> Fault | None:
    """The client knows the kind of key: of an authority also if its ClientHello offers the kind."""
    one = case.path.certificates[index]
    refused = case.verifier.refused_ca_keys if index else case.verifier.refused_keys
    offered = index > 0 and one.key.kind in {algorithm for algorithm, _ in case.schemes or ()}
    post_quantum = {"mldsa"} if one.key.kind.startswith("mldsa") and not offered else set()
    kinds = {one.key.kind, one.key.curve, one.key.curve[:9]} | post_quantum
    if not kinds & refused:
        return None
    return fault(case, "key_type", index, f"{words(one)} is not understood", "RFC 8446 4.4.2.2")


def key_size(case: Case, index: int) -> Fault | None:
    """No key of the path is too small or too large."""
    rules, key = case.verifier, case.path.certificates[index].key
    smallest = rules.min_ec_bits
    if key.kind in ("rsa", "rsa_pss"):
        smallest = rules.min_rsa_bits
        if case.position(index) == "root" and rules.min_root_rsa_bits is not None:
            smallest = rules.min_root_rsa_bits
        if key.bits > rules.max_rsa_bits:
            return fault(case, "key_size", index, f"{key.bits}-bit key too large", "RFC 5280 6.1")
    elif key.kind not in ("ec", "ed25519", "ed448"):
        return None
    if key.bits >= smallest:
        return None
    return fault(
        case, "key_size", index, f"{key.bits}-bit key, at least {smallest}", "RFC 5280 6.1"
    )


def weak_hash(case: Case, index: int) -> Fault | None:
    """No signature below the anchor uses a hash that the client refuses."""
    one = case.path.certificates[index]
    if case.position(index) == "root":
        return None
    kind = one.signature.hash.partition("-")[0]  # of sha3-256 and its like: sha3
    if kind in case.verifier.weak_hashes:
        return fault(case, "hash", index, f"signed with {one.signature.hash}", "RFC 9155")
    governed = case.verifier.schemes_as_offered and one.signature.hash in CURRENT_HASHES
    if not governed or case.schemes is None or tuple(one.signature) in case.schemes:
        return None
    reason = f"signed with {one.signature.algorithm}-{one.signature.hash}, which it did not offer"
    return fault(case, "hash", index, reason, "RFC 8446 4.2.3")


def signature(case: Case, index: int) -> Fault | None:
    """Every signature below the anchor verifies, by an algorithm that the client has."""
    one = case.path.certificates[index]
    if case.position(index) == "root":
        return None
    if one.signature.algorithm in case.verifier.refused_signatures:
        reason = f"signature algorithm {one.signature.algorithm} is not understood"
        return fault(case, "signature_algorithm", index, reason, "RFC 5280 4.1.1.2")
    if _odd_salt(case, one):
        reason = f"RSASSA-PSS salt of {one.salt_bytes} bytes"
        return fault(case, "signature", index, reason, "RFC 8446 4.2.3")
    if case.verifier.compares_algorithms and not one.algorithms_agree:
        reason = "names one signature algorithm inside and another outside"
        return fault(case, "signature_mismatch", index, reason, "RFC 5280 4.1.1.2")
    if not case.verifier.checks_signature or index + 1 >= len(case.path.certificates):
        return None
    if signed_by(one, case.path.certificates[index + 1]) is not False:
        return None
    return fault(case, "signature", index, "its signature does not verify", "RFC 5280 6.1.3 (a)(1)")


def _odd_salt(case: Case, one: Certificate) -> bool:
    usual = HASH_BYTES.get(one.signature.hash, one.salt_bytes)
    return case.verifier.pss_salt_as_hash and one.salt_bytes not in (None, usual)


CHECKS: Mapping[str, Check] = {
    "key_type": key_type,
    "key_size": key_size,
    "hash": weak_hash,
    "signature": signature,
}
