"""Faults: every objection that a client may raise, each a rule over the path and a capability."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from simcert.tls import names, oids
from simcert.tls.certificate import Certificate
from simcert.tls.chain import CertificateChain
from simcert.tls.path import Path, signed_by
from simcert.tls.server import Negotiated, words
from simcert.tls.verifier import Verifier


@dataclass(frozen=True, slots=True)
class Fault:
    """One objection: what, to which position of the path, in words, by which clause."""

    kind: str
    position: str  # leaf | intermediate | root | chain
    reason: str
    clause: str


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that a check may look at."""

    path: Path
    chain: CertificateChain
    verifier: Verifier
    negotiated: Negotiated
    host: str | None
    at: dt.datetime
    stapled: bool = False
    pins: frozenset[str] = frozenset()
    schemes: frozenset[tuple[str, str]] = frozenset()  # offered, as (algorithm, hash)

    def position(self, index: int) -> str:
        """Return the role of the certificate at `index` of the path."""
        if index == 0:
            return "leaf"
        is_anchor = self.path.anchor is not None and index == len(self.path.certificates) - 1
        return "root" if is_anchor else "intermediate"


Check = Callable[[Case, int], "Fault | None"]
CURRENT_HASHES = frozenset({"sha256", "sha384", "sha512", "shake256"})  # that TLS has schemes for
POLICY_SINCE = dt.datetime(2020, 9, 1, tzinfo=dt.UTC)  # 398 days: Apple, Chrome, Mozilla


def find(case: Case) -> Fault | None:
    """Return the objection that this client raises first, None if it has none."""
    return next(objections(case), None)


def objections(case: Case) -> Iterator[Fault]:
    """Yield every objection in the order in which this client would come to it."""
    rules = case.verifier
    late = rules.order_13 if case.negotiated.version == "1.3" else None
    for step in rules.order if late is None else late:
        listed, _, where = step.partition("@")
        checks = [CHECKS[name] for name in listed.split(",")]
        for index in _indices(where, len(case.path.certificates)):
            for check in checks:
                fault = check(case, index)
                if fault is not None:
                    yield fault


def _indices(where: str, length: int) -> range:
    return {
        "up": range(length),
        "down": range(length - 1, -1, -1),
        "cas": range(length - 1, 0, -1),
    }.get(where, range(1))


def _fault(case: Case, kind: str, index: int, reason: str, clause: str) -> Fault:
    position = case.position(index)
    label = "" if index == 0 else f" ({case.path.certificates[index].label})"
    return Fault(kind, position, f"{reason}{label}", clause)


def message_size(case: Case, index: int) -> Fault | None:
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
    return _fault(case, "certificate_size", index, reason, "X.690")


def certificate_count(case: Case, index: int) -> Fault | None:
    """The message holds no more certificates than the client takes."""
    limit, count = case.verifier.max_certificates, len(case.chain.certificates)
    if limit is None or count <= limit:
        return None
    reason = f"{count} certificates sent, limit {limit}"
    return Fault("certificate_count", "chain", reason, "RFC 8446 4.4.2")


def disorder(case: Case, index: int) -> Fault | None:
    """Every certificate sent issues the one before it, up to the anchor."""
    if case.verifier.tolerates_disorder:
        return None
    sent = case.path.certificates
    for child, issuer in zip(sent, sent[1:], strict=False):
        if child.issuer != issuer.subject:
            reason = f"{issuer.label} was sent where the issuer of {child.label} belongs"
            return Fault("disorder", "chain", reason, "RFC 5246 7.4.2")
    return None


def key_usage(case: Case, index: int) -> Fault | None:
    """The leaf may be used as the suite uses it: to sign, or to decrypt (RFC 5280 4.2.1.3)."""
    usages = case.path.certificates[0].usages
    if not case.verifier.checks_key_usage or usages is None:
        return None
    needed = "digital_signature" if case.negotiated.signs else "key_encipherment"
    if needed in usages:
        return None
    return _fault(case, "key_usage", 0, f"keyUsage lacks {needed}", "RFC 5280 4.2.1.3")


def key_type(case: Case, index: int) -> Fault | None:
    """The client knows the kind of key."""
    one = case.path.certificates[index]
    if not {one.key.kind, one.key.curve}.intersection(case.verifier.refused_keys):
        return None
    return _fault(case, "key_type", index, f"{words(one)} is not understood", "RFC 8446 4.4.2.2")


def key_size(case: Case, index: int) -> Fault | None:
    """No key of the path is too small or too large."""
    rules, key = case.verifier, case.path.certificates[index].key
    smallest = rules.min_ec_bits
    if key.kind in ("rsa", "rsa_pss"):
        smallest = rules.min_rsa_bits
        if case.position(index) == "root" and rules.min_root_rsa_bits is not None:
            smallest = rules.min_root_rsa_bits
        if key.bits > rules.max_rsa_bits:
            return _fault(case, "key_size", index, f"{key.bits}-bit key too large", "RFC 5280 6.1")
    elif key.kind not in ("ec", "ed25519", "ed448"):
        return None
    if key.bits >= smallest:
        return None
    return _fault(
        case, "key_size", index, f"{key.bits}-bit key, at least {smallest}", "RFC 5280 6.1"
    )


def weak_hash(case: Case, index: int) -> Fault | None:
    """No signature below the anchor uses a hash that the client refuses."""
    one = case.path.certificates[index]
    if case.position(index) == "root":
        return None
    if one.signature.hash in case.verifier.weak_hashes:
        return _fault(case, "hash", index, f"signed with {one.signature.hash}", "RFC 9155")
    governed = case.verifier.schemes_as_offered and one.signature.hash in CURRENT_HASHES
    if not governed or tuple(one.signature) in case.schemes:
        return None
    reason = f"signed with {one.signature.algorithm}-{one.signature.hash}, which it did not offer"
    return _fault(case, "hash", index, reason, "RFC 8446 4.2.3")


def signature(case: Case, index: int) -> Fault | None:
    """Every signature below the anchor verifies, by an algorithm that the client has."""
    one = case.path.certificates[index]
    if case.position(index) == "root":
        return None
    if one.signature.algorithm in case.verifier.refused_signatures:
        reason = f"signature algorithm {one.signature.algorithm} is not understood"
        return _fault(case, "signature_algorithm", index, reason, "RFC 5280 4.1.1.2")
    if not case.verifier.checks_signature or index + 1 >= len(case.path.certificates):
        return None
    if signed_by(one, case.path.certificates[index + 1]) is not False:
        return None
    return _fault(
        case, "signature", index, "its signature does not verify", "RFC 5280 6.1.3 (a)(1)"
    )


def time(case: Case, index: int) -> Fault | None:
    """The client's clock lies within the validity of every certificate that it checks."""
    one, position = case.path.certificates[index], case.position(index)
    if position == "root" and not case.verifier.checks_root_dates:
        return None
    if case.at > one.not_after:
        reason = f"expired on {one.not_after:%Y-%m-%d %H:%M} UTC"
        return _fault(case, "expired", index, reason, "RFC 5280 4.1.2.5")
    if case.at + dt.timedelta(seconds=case.verifier.skew_s) < one.not_before:
        reason = f"valid only from {one.not_before:%Y-%m-%d %H:%M} UTC"
        return _fault(case, "not_yet_valid", index, reason, "RFC 5280 4.1.2.5")
    return _root_time(case) if index == len(case.path.certificates) - 1 else None


def _root_time(case: Case) -> Fault | None:
    root = case.path.root
    if root is None or not case.verifier.checks_root_dates or case.at <= root.not_after:
        return None
    reason = f"trusted root {root.id} expired on {root.not_after:%Y-%m-%d}"
    return Fault("expired", "root", reason, "RFC 5280 6.1.1 (d)")


def trust(case: Case, index: int) -> Fault | None:
    """The path ends in a root that the client trusts."""
    if case.path.anchored:
        return None
    top = case.path.certificates[-1]
    clause = "RFC 5280 6.1.1 (d)"
    if top.self_issued and len(case.path.certificates) == 1:
        return Fault("self_signed_leaf", "leaf", "self-signed and not trusted", clause)
    if top.self_issued:
        return Fault("self_signed_root", "root", f"root {top.label} is not trusted", clause)
    reason = f"issuer of {top.label} ({top.issuer_text}) is neither sent nor trusted"
    return Fault("trust", "chain", reason, clause)


def depth(case: Case, index: int) -> Fault | None:
    """The path has no more authorities below the root than the client allows."""
    limit, count = case.verifier.max_intermediates, len(case.path.authorities)
    if limit is None or count <= limit:
        return None
    return Fault("depth", "chain", f"{count} intermediates, at most {limit}", "RFC 5280 6.1")


def _is_authority(case: Case, index: int) -> bool:
    return index > 0 and (case.position(index) != "root" or case.verifier.checks_root_ca)


def authority(case: Case, index: int) -> Fault | None:
    """Every issuer is marked as an authority (RFC 5280 6.1.4 (k))."""
    one = case.path.certificates[index]
    if not _is_authority(case, index) or not case.verifier.checks_ca or one.ca:
        return None
    if case.position(index) == "root" and one.version == 1:
        return None
    return _fault(case, "ca", index, "issuer is not marked as a CA", "RFC 5280 6.1.4 (k)")


def cert_sign(case: Case, index: int) -> Fault | None:
    """Every issuer may sign certificates (RFC 5280 6.1.4 (n))."""
    one = case.path.certificates[index]
    if not _is_authority(case, index) or not case.verifier.needs_cert_sign:
        return None
    if one.usages is None or "key_cert_sign" in one.usages:
        return None
    return _fault(case, "cert_sign", index, "keyUsage lacks keyCertSign", "RFC 5280 6.1.4 (n)")


def path_length(case: Case, index: int) -> Fault | None:
    """No authority has more authorities below it than it permits (RFC 5280 4.2.1.9)."""
    one = case.path.certificates[index]
    if index == 0 or one.path_length is None or not case.verifier.checks_path_length:
        return None
    below = sum(not ca.self_issued for ca in case.path.certificates[1:index])
    if below <= one.path_length:
        return None
    reason = f"{below} authorities below, permits {one.path_length}"
    return _fault(case, "path_length", index, reason, "RFC 5280 4.2.1.9")


def leaf_is_ca(case: Case, index: int) -> Fault | None:
    """The leaf is not a CA certificate, where the client minds."""
    if case.verifier.leaf_may_be_ca or not case.path.certificates[0].ca:
        return None
    return _fault(case, "leaf_is_ca", 0, "a CA certificate used as leaf", "RFC 5280 4.2.1.9")


def tls_usage(case: Case, index: int) -> Fault | None:
    """The leaf's keyUsage allows some use in TLS: signing, encipherment or agreement."""
    usages = case.path.certificates[0].usages
    if usages is None or usages & {"digital_signature", "key_encipherment", "key_agreement"}:
        return None
    return _fault(case, "purpose", 0, "keyUsage allows no use in TLS", "RFC 5280 4.2.1.3")


def purpose(case: Case, index: int) -> Fault | None:
    """Leaf, and authorities that say so, may serve TLS (RFC 5280 4.2.1.12)."""
    one, rules = case.path.certificates[index], case.verifier
    if one.purposes is None or (index > 0 and not rules.checks_ca_purpose):
        return None
    if not rules.checks_purpose or case.position(index) == "root":
        return None
    accepted = {oids.SERVER_AUTH} | (oids.STEP_UP if index > 0 else frozenset())
    any_ok = rules.any_purpose_ok
    if index > 0 and rules.any_purpose_ok_for_ca is not None:
        any_ok = rules.any_purpose_ok_for_ca
    if any_ok:
        accepted |= {oids.ANY_PURPOSE}
    if accepted & one.purposes:
        return None
    return _fault(case, "purpose", index, "extKeyUsage lacks serverAuth", "RFC 5280 4.2.1.12")


def critical(case: Case, index: int) -> Fault | None:
    """No certificate has a critical extension that the client does not know (RFC 5280 4.2)."""
    one = case.path.certificates[index]
    if not case.verifier.refuses_critical or case.position(index) == "root":
        return None
    if not one.unknown_critical:
        return None
    reason = f"unknown critical extension {one.unknown_critical[0]}"
    return _fault(case, "critical", index, reason, "RFC 5280 4.2")


def constraints(case: Case, index: int) -> Fault | None:
    """The names of the leaf meet every authority's name constraints (RFC 5280 4.2.1.10)."""
    one, rule = case.path.certificates[index], case.verifier.name_constraints
    if index == 0 or not one.has_name_constraints or rule == "ignore":
        return None
    if rule == "refuse":
        if not one.name_constraints_critical:
            return None
        reason = "critical name constraints are not understood"
        return _fault(case, "constraints", index, reason, "RFC 5280 4.2.1.10")
    if names.allowed(case.path.certificates[0], one):
        return None
    return _fault(case, "constraints", index, "name constraints forbid it", "RFC 5280 4.2.1.10")


def staple(case: Case, index: int) -> Fault | None:
    """A must-staple certificate comes with its OCSP answer (RFC 7633)."""
    one = case.path.certificates[0]
    if not one.must_staple or case.stapled or not case.verifier.enforces_staple:
        return None
    return _fault(case, "staple", 0, "must-staple, and nothing was stapled", "RFC 7633 4.2.2")


def subject(case: Case, index: int) -> Fault | None:
    """An empty subject needs a critical subjectAltName (RFC 5280 4.1.2.6)."""
    one = case.path.certificates[index]
    if not case.verifier.needs_subject or one.subject_text or one.alternative_names_critical:
        return None
    reason = "empty subject, and subjectAltName is not critical"
    return _fault(case, "subject", index, reason, "RFC 5280 4.1.2.6")


def profile(case: Case, index: int) -> Fault | None:
    """The RFC 5280 profile holds, where the client is told to be strict about it."""
    if not case.verifier.strict:
        return None
    one = case.path.certificates[index]
    below_top = index + 1 < len(case.path.certificates)
    wrong = next((text for text, rule in _PROFILE.items() if rule(one, below_top)), None)
    return None if wrong is None else _fault(case, "profile", index, wrong, "RFC 5280 4.2")


_PROFILE: Mapping[str, Callable[[Certificate, bool], bool]] = {
    "pathLenConstraint without CA": lambda c, _: c.path_length is not None and not c.ca,
    "basicConstraints of a CA not critical": lambda c, _: (
        bool(c.ca) and not c.basic_constraints_critical
    ),
    "CA without keyUsage": lambda c, _: bool(c.ca) and c.usages is None,
    "keyCertSign without CA": lambda c, _: not c.ca and "key_cert_sign" in (c.usages or ()),
    "empty subject": lambda c, _: (
        not c.subject_text and (bool(c.ca) or not c.has_alternative_names)
    ),
    "empty subject, and subjectAltName is not critical": lambda c, _: (
        not c.subject_text and not c.alternative_names_critical
    ),
    "no authorityKeyIdentifier": lambda c, below: below and c.authority_key_id is None,
    "CA without subjectKeyIdentifier": lambda c, _: bool(c.ca) and c.key_id is None,
}


def name(case: Case, index: int) -> Fault | None:
    """The certificate is for the host that the client asked for (RFC 9525)."""
    source, one = case.verifier.name_source, case.path.certificates[0]
    if source == "none" or case.host is None or names.matches(one, case.host, source):
        return None
    listed = ", ".join((*one.dns_names, *one.ip_names)[:3]) or "nothing in subjectAltName"
    return _fault(case, "name", 0, f"not for {case.host} (is for {listed})", "RFC 9525 6")


def pin(case: Case, index: int) -> Fault | None:
    """Some key of the path is one that the client insists on (RFC 7469 section 2.6)."""
    found = {pin for one in case.path.certificates for pin in (one.key_pin, one.fingerprint)}
    if not case.pins or found & case.pins:
        return None
    return _fault(case, "pin", 0, "no key of this path is pinned", "RFC 7469 2.6")


def validity(case: Case, index: int) -> Fault | None:
    """Under a public root a leaf lives no longer than the client's policy allows."""
    limit, one = case.verifier.max_validity_days, case.path.certificates[0]
    if limit is None or case.path.root is None or case.path.root.id == "private_ca":
        return None
    days = (one.not_after - one.not_before).days
    if days <= limit or one.not_before < POLICY_SINCE:
        return None
    reason = f"valid for {days} days, at most {limit}"
    return _fault(case, "validity", 0, reason, "CA/Browser Forum BR 6.3.2")


CHECKS: Mapping[str, Check] = {
    "message_size": message_size,
    "certificate_size": certificate_size,
    "certificate_count": certificate_count,
    "disorder": disorder,
    "key_usage": key_usage,
    "key_type": key_type,
    "key_size": key_size,
    "hash": weak_hash,
    "signature": signature,
    "time": time,
    "trust": trust,
    "depth": depth,
    "ca": authority,
    "cert_sign": cert_sign,
    "path_length": path_length,
    "leaf_is_ca": leaf_is_ca,
    "purpose": purpose,
    "tls_usage": tls_usage,
    "critical": critical,
    "constraints": constraints,
    "staple": staple,
    "subject": subject,
    "profile": profile,
    "name": name,
    "pin": pin,
    "validity": validity,
}
