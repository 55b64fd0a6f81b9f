"""Names: whether a certificate is for a host, and whether a constraint allows a name."""

import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network

from simcert.errors import InputError
from simcert.tls.certificate import Certificate, NameRule

LONGEST_HOST = 253
LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
ANY_KIND = frozenset({"dns", "ip", "dir", "email", "uri", "other"})
BARS_COMMON_NAME: Mapping[str, frozenset[str]] = {  # alternative names that make it count nothing
    "san_else_cn": frozenset({"dns"}),
    "no_address_else_cn": frozenset({"dns", "ip"}),
    "no_locator_else_cn": frozenset({"dns", "ip", "uri"}),
    "no_san_else_cn": ANY_KIND,
    "either": frozenset(),
}


def asked_host(text: str) -> str:
    """Return a host as clients ask for it: lower case, IDN as A-labels, no brackets, no final dot.

    InputError for what is neither an IP address nor a host name (RFC 1123 section 2.1).
    """
    plain = text.strip().removesuffix(".")
    if plain.startswith("[") and plain.endswith("]"):
        plain = plain[1:-1]
    if is_ip(plain):
        return ip_address(plain).compressed
    try:
        host = plain.encode("idna").decode("ascii").casefold()
    except UnicodeError as error:
        raise InputError(f'host "{text}": is no host name that can be encoded') from error
    if len(host) > LONGEST_HOST or not all(LABEL.fullmatch(part) for part in host.split(".")):
        raise InputError(f'host "{text}": is no host name; give one such as www.example.org')
    return host


def matches(
    certificate: Certificate,
    host: str,
    source: str,
    *,
    final_dot_ok: bool = False,
    common_name: str = "any",
    wildcards: str = "label",
) -> bool:
    """Whether the certificate names the host (RFC 9525); `source` says where the client looks.

    `san`: subjectAltName alone. Otherwise the common name counts, too, unless a kind of
    alternative name of `BARS_COMMON_NAME` is there. `common_name` in {any, first, last, only}:
    which of several is meant, `only` none of them. `wildcards`: "label" as the whole first label
    of a name below a domain, "part" anywhere in the first label of any name.
    """
    if is_ip(host):
        return ip_address(host).compressed in {_compressed(ip) for ip in certificate.ip_names}
    patterns = certificate.dns_names
    if source != "san" and not certificate.name_kinds & BARS_COMMON_NAME[source]:
        patterns = (*patterns, *_meant(certificate.common_names, common_name))
    if final_dot_ok:
        patterns = tuple(pattern.rstrip(".") for pattern in patterns)
    fits = covers if wildcards == "label" else covers_in_part
    return any(fits(pattern, host) for pattern in patterns)


def _meant(names: tuple[str, ...], which: str) -> tuple[str, ...]:
    if which in ("first", "last"):
        return names[:1] if which == "first" else names[-1:]
    return names if which == "any" or len(names) == 1 else ()


def covers(pattern: str, host: str) -> bool:
    """Whether a DNS name, perhaps with a wildcard as its whole first label, covers the host."""
    pattern, host = pattern.casefold(), host.rstrip(".").casefold()
    if not pattern.startswith("*."):
        return bool(pattern) and pattern == host
    first, _, rest = host.partition(".")
    return bool(first) and "." in rest and rest == pattern[2:]


def covers_in_part(pattern: str, host: str) -> bool:
    """Whether a DNS name covers the host, one wildcard standing for a part of the first label."""
    first, dot, rest = pattern.casefold().partition(".")
    start, star, end = first.partition("*")
    label, host_dot, host_rest = host.casefold().partition(".")
    if not star or (dot + rest) != (host_dot + host_rest):
        return covers(pattern, host)
    room = len(label) > len(start) + len(end) - 1
    return room and label.startswith(start) and label.endswith(end)


def is_ip(host: str) -> bool:
    """Whether the host is an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _compressed(ip: str) -> str:
    try:
        return ip_address(ip).compressed
    except ValueError:
        return ip


def allowed(
    leaf: Certificate,
    authority: Certificate,
    kinds: frozenset[str] = ANY_KIND,
    *,
    dot_means_below: bool = True,
    common_name: str = "always",
) -> bool:
    """Whether every name of the leaf meets the authority's constraints (RFC 5280 4.2.1.10).

    `kinds` are the kinds of names that the client compares. `dot_means_below`: ".example.org" does
    not cover "example.org" itself. `common_name` in {always, dotted, never}: whether it stands
    for a DNS name where there is no alternative name, `dotted` if it looks like one.
    """
    named = constrained_names(leaf, common_name)
    return all(
        _kind_allowed(kind, named.get(kind, ()), authority, dot_means_below) for kind in kinds
    )


def constrained_names(leaf: Certificate, common_name: str) -> Mapping[str, tuple[str, ...]]:
    """Return the names by kind that constraints speak of, those of the subject included."""
    wanted = {"always": "", "dotted": ".", "never": "\0"}[common_name]
    common = tuple(name for name in leaf.common_names if wanted in name)
    others = {
        kind: tuple(name.value for name in leaf.other_names if name.kind == kind)
        for kind in ("dir", "email", "uri")
    }
    subject = (leaf.subject_text.casefold(),) if leaf.subject_text else ()
    return {
        "dns": leaf.dns_names or (() if leaf.has_alternative_names else common),
        "ip": leaf.ip_names,
        "dir": (*subject, *others["dir"]),
        "email": (*leaf.emails, *others["email"]),
        "uri": others["uri"],
    }


def _kind_allowed(
    kind: str, names: tuple[str, ...], authority: Certificate, dot_means_below: bool
) -> bool:
    permitted = [rule for rule in authority.permitted if rule.kind == kind]
    excluded = [rule for rule in authority.excluded if rule.kind == kind]
    return all(
        (not permitted or any(_within(name, rule, dot_means_below) for rule in permitted))
        and not any(_within(name, rule, dot_means_below) for rule in excluded)
        for name in names
    )


def _within(name: str, rule: NameRule, dot_means_below: bool) -> bool:
    name, value = name.casefold(), rule.value.casefold()
    if rule.kind == "ip":
        try:
            return ip_address(name) in ip_network(value, strict=False)
        except ValueError:
            return False
    if rule.kind == "dir":  # RFC 4514 writes the most significant part last
        return not value or name == value or name.endswith(f",{value}")
    if rule.kind == "email":
        return name == value or name.rpartition("@")[2] == value
    if rule.kind == "uri":
        name = name.partition("://")[2].partition("/")[0].partition(":")[0]
    suffix = value.lstrip(".")
    below = value.startswith(".") and dot_means_below
    return not suffix or (name == suffix and not below) or name.endswith(f".{suffix}")
