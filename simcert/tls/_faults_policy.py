"""Objections by profile and policy: extensions, strictness, host name, pins, lifetime."""

import datetime as dt
from collections.abc import Callable, Mapping

from simcert.tls import names, oids
from simcert.tls.case import Case, Check, Fault, fault
from simcert.tls.certificate import Certificate

POLICY_SINCE = dt.datetime(2020, 9, 1, tzinfo=dt.UTC)  # 398 days: Apple, Chrome, Mozilla
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
    "two signature algorithms": lambda c, _: not c.algorithms_agree,
    "empty subjectAltName": lambda c, _: c.has_alternative_names and not c.name_kinds,
    "no authorityKeyIdentifier": lambda c, below: (
        below and c.version >= 3 and c.authority_key_id is None
    ),
    "CA without subjectKeyIdentifier": lambda c, _: (
        bool(c.ca) and c.version >= 3 and c.key_id is None
    ),
}


def damaged(case: Case, index: int) -> Fault | None:
    """No certificate has an extension that the client reads and cannot."""
    minded = {oids.EXTENSIONS[name] for name in case.verifier.minds_damage}
    found = case.path.certificates[index].unreadable_extensions & minded
    if not found:
        return None
    return fault(case, "damaged", index, f"extension {min(found)} is damaged", "RFC 5280 4.2")


def critical(case: Case, index: int) -> Fault | None:
    """No certificate has a critical extension that the client does not know (RFC 5280 4.2)."""
    rules, one = case.verifier, case.path.certificates[index]
    exempt = case.position(index) == "root" and not rules.refuses_critical_in_root
    known = {oids.EXTENSIONS[name] for name in rules.knows}
    if (damage := damaged(case, index)) is not None:
        return damage
    if not rules.refuses_critical or exempt or one.critical <= known:
        return None
    strange = min(one.critical - known)
    return fault(case, "critical", index, f"unknown critical extension {strange}", "RFC 5280 4.2")


def version(case: Case, index: int) -> Fault | None:
    """No certificate but the root is of X.509 version 1, where the client minds."""
    one = case.path.certificates[index]
    if not case.verifier.refuses_old_versions or one.version > 1 or case.position(index) == "root":
        return None
    return fault(case, "version", index, "X.509 version 1", "RFC 5280 4.1.2.1")


def policies(case: Case, index: int) -> Fault | None:
    """Where an authority requires a policy, all certificates below share one (RFC 5280 6.1.5)."""
    skipped = case.path.certificates[index].explicit_policy_after
    if not case.verifier.requires_policies or skipped is None or skipped >= index or index == 0:
        return None
    below = [one.policies or frozenset() for one in case.path.certificates[: index + 1]]
    named = [one for one in below if oids.ANY_POLICY not in one]
    if not named or frozenset.intersection(*named):
        return None
    return fault(case, "policy", index, "no certificate policy in common", "RFC 5280 6.1.5 (g)")


def subject(case: Case, index: int) -> Fault | None:
    """An empty subject needs a critical subjectAltName (RFC 5280 4.1.2.6)."""
    one = case.path.certificates[index]
    if not case.verifier.needs_subject or one.subject_text or one.alternative_names_critical:
        return None
    reason = "empty subject, and subjectAltName is not critical"
    return fault(case, "subject", index, reason, "RFC 5280 4.1.2.6")


def profile(case: Case, index: int) -> Fault | None:
    """The RFC 5280 profile holds, where the client is told to be strict about it."""
    if not case.verifier.strict:
        return None
    one = case.path.certificates[index]
    below_top = index + 1 < len(case.path.certificates)
    wrong = next((text for text, rule in _PROFILE.items() if rule(one, below_top)), None)
    return None if wrong is None else fault(case, "profile", index, wrong, "RFC 5280 4.2")


def name(case: Case, _: int) -> Fault | None:
    """The certificate is for the host that the client asked for (RFC 9525)."""
    rules, one = case.verifier, case.path.certificates[0]
    if rules.name_source == "none" or case.host is None:
        return None
    if names.matches(
        one,
        case.host,
        rules.name_source,
        final_dot_ok=rules.final_dot_ok,
        common_name=rules.common_name,
        wildcards=rules.wildcards,
        addresses=rules.addresses,
    ):
        return None
    listed = ", ".join((*one.dns_names, *one.ip_names)[:3]) or "nothing in subjectAltName"
    return fault(case, "name", 0, f"not for {case.host} (is for {listed})", "RFC 9525 6")


def pin(case: Case, _: int) -> Fault | None:
    """Some key of the path is one that the client insists on (RFC 7469 section 2.6)."""
    found = {pin for one in case.path.certificates for pin in (one.key_pin, one.fingerprint)}
    if not case.pins or found & case.pins:
        return None
    return fault(case, "pin", 0, "no key of this path is pinned", "RFC 7469 2.6")


def validity(case: Case, _: int) -> Fault | None:
    """Under a public root a leaf lives no longer than the client's policy allows."""
    limit, one = case.verifier.max_validity_days, case.path.certificates[0]
    if limit is None or case.path.root is None or case.path.root.id == "private_ca":
        return None
    days = (one.not_after - one.not_before).days
    if days <= limit or one.not_before < POLICY_SINCE:
        return None
    reason = f"valid for {days} days, at most {limit}"
    return fault(case, "validity", 0, reason, "CA/Browser Forum BR 6.3.2")


CHECKS: Mapping[str, Check] = {
    "damage": damaged,
    "critical": critical,
    "subject": subject,
    "version": version,
    "policies": policies,
    "profile": profile,
    "name": name,
    "pin": pin,
    "validity": validity,
}
