"""Names: whether a certificate is for a host, and whether a constraint allows a name."""

import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from simcert.errors import InputError
from simcert.tls.certificate import Certificate, NameRule

LONGEST_HOST = 253
LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
ANY_KIND = frozenset({"dns", "ip", "dir", "email", "uri", "other"})
PLAIN = re.compile(r"[a-z0-9-]+")


class Wildcards(NamedTuple):
    """Where a client takes `*` for a wildcard, and for what.

    `part` in {none: the whole first label, start, edge: at either end of it, any}; `labels_below`:
    how many labels must follow; `everywhere`: in every label; `plain_only`: letters, digits and
    hyphens; `idn`: also as a part of an A-label; `many`: more than one in a label.
    """

    part: str
    labels_below: int
    everywhere: bool = False
    plain_only: bool = False
    idn: bool = False
    many: bool = False


WILDCARDS: Mapping[str, Wildcards] = {
    "label": Wildcards("none", 2),
    "plain": Wildcards("none", 2, plain_only=True),
    "edge": Wildcards("edge", 2, plain_only=True),
    "start": Wildcards("start", 2),
    "short": Wildcards("none", 1),
    "any_depth": Wildcards("none", 0),
    "part": Wildcards("any", 0),
    "part_short": Wildcards("any", 1),
    "part_many": Wildcards("any", 1, many=True),
    "part_below": Wildcards("any", 2),
    "part_idn": Wildcards("any", 1, idn=True),
    "every_label": Wildcards("any", 1, everywhere=True),
}
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
    addresses: str = "san",
) -> bool:
    """Whether the certificate names the host (RFC 9525); `source` says where the client looks.

    `san`: subjectAltName alone. Otherwise the common name counts, too, unless a kind of
    alternative name of `BARS_COMMON_NAME` is there. `common_name` in {any, first, last, only}:
    which of several is meant, `only` none of them. `wildcards`: a key of `WILDCARDS`. `addresses`
    in {san, san_else_cn, either: or the common name, name: as if it were a DNS name}.
    """
    if is_ip(host) and addresses != "name":
        return _names_address(certificate, ip_address(host).compressed, addresses)
    patterns = certificate.dns_names
    if source != "san" and not certificate.name_kinds & BARS_COMMON_NAME[source]:
        patterns = (*patterns, *_meant(certificate.common_names, common_name))
    if final_dot_ok:
        patterns = tuple(pattern.rstrip(".") for pattern in patterns)
    return any(covers(pattern, host, wildcards) for pattern in patterns)


def _names_address(certificate: Certificate, address: str, how: str) -> bool:
    if address in {_compressed(ip) for ip in certificate.ip_names}:
        return True
    barred = how == "san_else_cn" and certificate.name_kinds & {"dns", "ip"}
    return how != "san" and not barred and address in map(_compressed, certificate.common_names)


def _meant(names: tuple[str, ...], which: str) -> tuple[str, ...]:
    if which in ("first", "last"):
        return names[:1] if which == "first" else names[-1:]
    return names if which == "any" or len(names) == 1 else ()


def covers(pattern: str, host: str, wildcards: str = "label") -> bool:
    """Whether a DNS name, perhaps with wildcards, covers the host (RFC 9525 section 6.3)."""
    pattern, host, rule = pattern.casefold(), host.rstrip(".").casefold(), WILDCARDS[wildcards]
    if "*" not in pattern:
        return bool(pattern) and pattern == host
    if rule.everywhere:
        told, asked = pattern.split("."), host.split(".")
        same = len(told) == len(asked) > rule.labels_below
        return same and all(map(_label_fits, told, asked))
    first, _, rest = pattern.partition(".")
    label, _, host_rest = host.partition(".")
    depth = len(rest.split(".")) if rest else 0
    if rest != host_rest or depth < rule.labels_below or not label:
        return False
    if rule.plain_only and not PLAIN.fullmatch(label):
        return False
    return _placed(first, rule) and _label_fits(first, label)


def _placed(label: str, rule: Wildcards) -> bool:
    """Whether the wildcard stands where this client takes one for one."""
    if label.count("*") > 1 and not rule.many:
        return False
    whole = label == "*"
    partly = {
        "none": whole,
        "start": label.startswith("*"),
        "edge": label.startswith("*") or label.endswith("*"),
    }
    idn = label.startswith("xn--") and not rule.idn
    return partly.get(rule.part, "*" in label) and not idn


def _label_fits(pattern: str, label: str) -> bool:
    """Whether a label fits, `*` standing for any characters of it; linear in both."""
    start, *middle = pattern.split("*")
    if not middle:
        return pattern == label
    end = middle.pop()
    if not label.startswith(start) or not label.endswith(end) or len(label) < len(start + end):
        return False
    rest = label[len(start) : len(label) - len(end)]
    for part in middle:
        at = rest.find(part)
        if at < 0:
            return False
        rest = rest[at + len(part) :]
    return True


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
    uris_below: bool = False,
    common_name: str = "always",
) -> bool:
    """Whether every name of the leaf meets the authority's constraints (RFC 5280 4.2.1.10).

    `kinds` are the kinds of names that the client compares. `dot_means_below`: ".example.org" does
    not cover "example.org" itself. `uris_below`: "example.org" covers a URI's host below it, which
    RFC 5280 denies. `common_name` in {always, dotted, never}: whether it stands
    for a DNS name where there is no alternative name, `dotted` if it looks like one.
    """
    named = constrained_names(leaf, common_name)
    return all(
        _kind_allowed(kind, named.get(kind, ()), authority, dot_means_below, uris_below)
        for kind in kinds
    )


def constrained_names(leaf: Certificate, common_name: str) -> Mapping[str, tuple[str, ...]]:
    """Return the names by kind that constraints speak of, those of the subject included."""
    wanted = {"always": "", "dotted": ".", "never": "\0"}[common_name]
    common = tuple(name for name in leaf.common_names if wanted in name)
    others = {
        kind: tuple(name.value for name in leaf.other_names if name.kind == kind)
        for kind in ("dir", "email", "uri", "other")
    }
    subject = (leaf.subject_text.casefold(),) if leaf.subject_text else ()
    return {
        "dns": leaf.dns_names or (() if leaf.has_alternative_names else common),
        "ip": leaf.ip_names,
        "dir": (*subject, *others["dir"]),
        "email": (*leaf.emails, *others["email"]),
        "uri": others["uri"],
        "other": others["other"],
    }


def _kind_allowed(
    kind: str,
    names: tuple[str, ...],
    authority: Certificate,
    dot_means_below: bool,
    uris_below: bool,
) -> bool:
    permitted = [rule for rule in authority.permitted if rule.kind == kind]
    excluded = [rule for rule in authority.excluded if rule.kind == kind]
    return all(
        (
            not permitted
            or any(_within(name, rule, dot_means_below, uris_below) for rule in permitted)
        )
        and not any(_within(name, rule, dot_means_below, uris_below) for rule in excluded)
        for name in names
    )


def _within(name: str, rule: NameRule, dot_means_below: bool, uris_below: bool) -> bool:
    name, value = name.casefold(), rule.value.casefold()
    if rule.kind == "ip":
        try:
            return ip_address(name) in ip_network(value, strict=False)
        except ValueError:
            return False
    if rule.kind == "dir":  # RFC 4514 writes the most significant part last
        return not value or name == value or name.endswith(f",{value}")
    if rule.kind == "email":
        host = name.rpartition("@")[2]
        return value in (name, host) or (value.startswith(".") and host.endswith(value))
    if rule.kind == "other":  # of a kind that nobody can compare
        return False
    if rule.kind == "uri":
        name = name.partition("://")[2].partition("/")[0].partition(":")[0]
    suffix = value.lstrip(".")
    below = value.startswith(".") and dot_means_below
    if rule.kind == "uri" and not value.startswith(".") and not uris_below:
        return name == value
    return not suffix or (name == suffix and not below) or name.endswith(f".{suffix}")
