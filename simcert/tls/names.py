"""Names: whether a certificate is for a host, and whether a constraint allows a name."""

from ipaddress import ip_address, ip_network

from simcert.tls.certificate import Certificate, NameRule


def matches(
    certificate: Certificate, host: str, source: str, *, final_dot_ok: bool = False
) -> bool:
    """Whether the certificate names the host (RFC 9525); `source` says where the client looks.

    `san`: subjectAltName alone. `san_else_cn`: the common name where no DNS name stands there.
    `no_san_else_cn`: the common name only where the whole extension is absent. `either`: both.
    """
    if is_ip(host):
        return ip_address(host).compressed in {_compressed(ip) for ip in certificate.ip_names}
    patterns = certificate.dns_names
    if _falls_back(certificate, source):
        patterns = (*patterns, *certificate.common_names)
    if final_dot_ok:
        patterns = tuple(pattern.rstrip(".") for pattern in patterns)
    return any(covers(pattern, host) for pattern in patterns)


def _falls_back(certificate: Certificate, source: str) -> bool:
    if source == "san_else_cn":
        return not certificate.dns_names
    if source == "no_san_else_cn":
        return not certificate.has_alternative_names
    return source == "either"


def covers(pattern: str, host: str) -> bool:
    """Whether a DNS name, perhaps with a wildcard as its whole first label, covers the host."""
    pattern, host = pattern.casefold(), host.rstrip(".").casefold()
    if not pattern.startswith("*."):
        return bool(pattern) and pattern == host
    first, _, rest = host.partition(".")
    return bool(first) and "." in rest and rest == pattern[2:]


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


def allowed(leaf: Certificate, authority: Certificate) -> bool:
    """Whether every name of the leaf meets the authority's constraints (RFC 5280 4.2.1.10)."""
    dns = leaf.dns_names or (() if leaf.has_alternative_names else leaf.common_names)
    return _kind_allowed("dns", dns, authority) and _kind_allowed("ip", leaf.ip_names, authority)


def _kind_allowed(kind: str, names: tuple[str, ...], authority: Certificate) -> bool:
    permitted = [rule for rule in authority.permitted if rule.kind == kind]
    excluded = [rule for rule in authority.excluded if rule.kind == kind]
    return all(
        (not permitted or any(_within(name, rule) for rule in permitted))
        and not any(_within(name, rule) for rule in excluded)
        for name in names
    )


def _within(name: str, rule: NameRule) -> bool:
    if rule.kind == "dns":
        name, suffix = name.casefold(), rule.value.casefold().lstrip(".")
        return not suffix or name == suffix or name.endswith(f".{suffix}")
    try:
        return ip_address(name) in ip_network(rule.value, strict=False)
    except ValueError:
        return False
