"""Objections to the path: trust, dates, authority, purpose, constraints (RFC 5280 section 6)."""

import datetime as dt
from collections.abc import Mapping

from simcert.tls import names, oids
from simcert.tls.case import Case, Check, Fault, fault
from simcert.tls.certificate import Certificate
from simcert.tls.verifier import Verifier


def trust(case: Case, _: int) -> Fault | None:
    """The path ends in a root that the client trusts."""
    if case.path.anchored:
        return None
    top = case.path.certificates[-1]
    clause = "RFC 5280 6.1.1 (d)"
    if top.self_issued and len(case.path.certificates) == 1:
        kind = "self_signed_ca" if top.ca else "self_signed_leaf"
        return Fault(kind, "leaf", "self-signed and not trusted", clause)
    if top.self_issued:
        return Fault("self_signed_root", "root", f"root {top.label} is not trusted", clause)
    reason = f"issuer of {top.label} ({top.issuer_text}) is neither sent nor trusted"
    return Fault("trust", "chain", reason, clause)


def depth(case: Case, _: int) -> Fault | None:
    """The path has no more authorities below the root than the client allows."""
    limit, count = case.verifier.max_intermediates, len(case.path.authorities)
    if limit is None or count <= limit:
        return None
    return Fault("depth", "chain", f"{count} intermediates, at most {limit}", "RFC 5280 6.1")


def time(case: Case, index: int) -> Fault | None:
    """The client's clock lies within the validity of every certificate that it checks."""
    one, position = case.path.certificates[index], case.position(index)
    if position == "root" and not case.verifier.checks_root_dates:
        return None
    if one is case.path.anchor and index == 0 and not case.verifier.dates_trusted_leaf:
        return None
    if case.at + dt.timedelta(seconds=case.verifier.skew_s) < one.not_before:
        reason = f"valid only from {one.not_before:%Y-%m-%d %H:%M} UTC"
        return fault(case, "not_yet_valid", index, reason, "RFC 5280 4.1.2.5")
    if case.at > one.not_after:
        reason = f"expired on {one.not_after:%Y-%m-%d %H:%M} UTC"
        return fault(case, "expired", index, reason, "RFC 5280 4.1.2.5")
    return _root_time(case) if index == len(case.path.certificates) - 1 else None


def _root_time(case: Case) -> Fault | None:
    root = case.path.root
    if root is None or not case.verifier.checks_root_dates or case.at <= root.not_after:
        return None
    reason = f"trusted root {root.id} expired on {root.not_after:%Y-%m-%d}"
    return Fault("expired", "root", reason, "RFC 5280 6.1.1 (d)")


def _is_authority(case: Case, index: int) -> bool:
    return index > 0 and (case.position(index) != "root" or case.verifier.checks_root_ca)


def authority(case: Case, index: int) -> Fault | None:
    """Every issuer is marked as an authority (RFC 5280 6.1.4 (k))."""
    one = case.path.certificates[index]
    if not _is_authority(case, index) or not case.verifier.checks_ca or one.ca:
        return None
    if case.position(index) == "root" and _bare_root_ok(one, case.verifier):
        return None
    return fault(case, "ca", index, "issuer is not marked as a CA", "RFC 5280 6.1.4 (k)")


def _bare_root_ok(root: Certificate, rules: Verifier) -> bool:
    """Whether a root without basicConstraints is one for this client."""
    if root.ca is not None or (rules.strict and rules.bare_root == "usage"):
        return False
    by_usage = rules.bare_root == "usage" and root.usages is not None
    return root.version == 1 or by_usage or rules.bare_root == "accept"


def cert_sign(case: Case, index: int) -> Fault | None:
    """Every issuer may sign certificates (RFC 5280 6.1.4 (n))."""
    one = case.path.certificates[index]
    exempt = case.position(index) == "root" and not case.verifier.checks_root_usage
    if index == 0 or exempt or not case.verifier.needs_cert_sign:
        return None
    if one.usages is None or "key_cert_sign" in one.usages:
        return None
    return fault(case, "cert_sign", index, "keyUsage lacks keyCertSign", "RFC 5280 6.1.4 (n)")


def path_length(case: Case, index: int) -> Fault | None:
    """No authority has more authorities below it than it permits (RFC 5280 4.2.1.9)."""
    one = case.path.certificates[index]
    exempt = case.position(index) == "root" and not case.verifier.checks_root_path_length
    if index == 0 or one.path_length is None or exempt or not case.verifier.checks_path_length:
        return None
    below = sum(not ca.self_issued for ca in case.path.certificates[1:index])
    if below <= one.path_length:
        return None
    reason = f"{below} authorities below, permits {one.path_length}"
    return fault(case, "path_length", index, reason, "RFC 5280 4.2.1.9")


def leaf_is_ca(case: Case, _: int) -> Fault | None:
    """The leaf is not a CA certificate, where the client minds."""
    one, rules = case.path.certificates[0], case.verifier
    excused = rules.leaf_may_be_ca_without_purposes and one.purposes is None
    if rules.leaf_may_be_ca or excused or not one.ca:
        return None
    return fault(case, "leaf_is_ca", 0, "a CA certificate used as leaf", "RFC 5280 4.2.1.9")


def purpose(case: Case, index: int) -> Fault | None:
    """Leaf, and authorities that say so, may serve TLS (RFC 5280 4.2.1.12)."""
    one, rules = case.path.certificates[index], case.verifier
    checked = {
        "leaf": rules.checks_purpose,
        "intermediate": rules.checks_purpose and rules.checks_ca_purpose,
        "root": rules.checks_purpose and rules.checks_root_purpose,
    }
    if not checked[case.position(index)]:
        return None
    if one.purposes is not None and not one.purposes & _accepted(rules, leaf=index == 0):
        return fault(case, "purpose", index, "extKeyUsage lacks serverAuth", "RFC 5280 4.2.1.12")
    needed = "server" if index == 0 else "ca"
    if not rules.checks_netscape_type or needed in (one.netscape_types or {needed}):
        return None
    return fault(case, "purpose", index, f"nsCertType lacks {needed}", "RFC 5280 4.2.1.12")


def _accepted(rules: Verifier, *, leaf: bool) -> set[str]:
    """Return the purposes of which one suffices."""
    any_ok = rules.any_purpose_ok
    if not leaf and rules.any_purpose_ok_for_ca is not None:
        any_ok = rules.any_purpose_ok_for_ca
    in_authority = frozenset(oids.STEP_UP) if rules.step_up_ok_for_ca else frozenset()
    step_up = rules.step_up_ok if leaf else in_authority
    accepted = {oids.SERVER_AUTH} | {oids.STEP_UP[name] for name in step_up}
    if any_ok:
        accepted.add(oids.ANY_PURPOSE)
    if not leaf and rules.client_purpose_ok_for_ca:
        accepted.add(oids.CLIENT_AUTH)
    return accepted


def names_within(case: Case, index: int) -> Fault | None:
    """The same, once the client comes to the leaf, for those who look at all at that moment."""
    if index:
        return None
    above = range(len(case.path.certificates) - 1, 0, -1)
    return next(filter(None, (constraints(case, one) for one in above)), None)


def constraints(case: Case, index: int) -> Fault | None:
    """The names of the leaf meet every authority's name constraints (RFC 5280 4.2.1.10)."""
    one, rule = case.path.certificates[index], case.verifier.name_constraints
    exempt = case.position(index) == "root" and not case.verifier.checks_root_names
    if index == 0 or not one.has_name_constraints or exempt or rule == "ignore":
        return None
    if rule == "refuse":
        if not one.name_constraints_critical:
            return None
        reason = "critical name constraints are not understood"
        return fault(case, "constraints", index, reason, "RFC 5280 4.2.1.10")
    rules, leaf = case.verifier, case.path.certificates[0]
    strange = rules.refused_constraints & {r.kind for r in (*one.permitted, *one.excluded)}
    if strange:
        reason = f"name constraints on {min(strange)} names are not understood"
        return fault(case, "constraints", index, reason, "RFC 5280 4.2.1.10")
    nameless = rules.constraints_need_san and not leaf.has_alternative_names
    if not nameless and names.allowed(
        leaf,
        one,
        rules.constrained_kinds,
        dot_means_below=rules.dot_means_below,
        uris_below=rules.uris_below,
        common_name=rules.constrained_common_name,
    ):
        return None
    return fault(case, "constraints", index, "name constraints forbid it", "RFC 5280 4.2.1.10")


CHECKS: Mapping[str, Check] = {
    "trust": trust,
    "depth": depth,
    "time": time,
    "ca": authority,
    "cert_sign": cert_sign,
    "path_length": path_length,
    "leaf_is_ca": leaf_is_ca,
    "purpose": purpose,
    "constraints": constraints,
    "names_within": names_within,
}
