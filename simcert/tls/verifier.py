"""Verifier: the capabilities of one client configuration, each field with a meaning of its own.

What it accepts, what it looks at, in which order, when it notices, and what it says then. Values
stand in `data/capabilities.toml` with their provenance; the defaults here are a careful client's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from simcert.errors import InputError, UnknownNameError
from simcert.tls import oids

Signal = int | str  # alert code, or "close"
DEFAULT_ORDER = (
    "message_size",
    "key_usage",
    "trust",
    "critical@up",
    "ca,path_length,purpose@up",
    "key_size,hash@up",
    "signature,time@down",
    "constraints@up",
    "name",
)


@dataclass(frozen=True, slots=True)
class Verifier:
    """Capabilities; a step of `order` is `check[,check]@where`, where in {leaf, cas, up, down}.

    `up` walks the path from the leaf to the anchor, `down` the other way; without a place a check
    looks at the path as a whole. `says` maps a fault, or `fault@position`, to an alert code or
    "close"; `says_13` overrides it for TLS 1.3. `phase_12/13` in {inside, after}: whether it
    rejects within the handshake or once it has completed.
    """

    # how it builds a path
    path: str = "straight"  # straight (one issuer each time) | first_anchored | search | as_sent
    prefers_trusted: bool = True
    prefers_valid: bool = True
    prefers_last: bool = False  # of equal candidates the one sent last
    folds_names: str = "exact"  # issuer and subject: exact | text (any string type) | folded (7.1)
    matches_key_id: bool = False
    matches_issuer_serial: bool = True  # of authorityKeyIdentifier, where key ids are matched
    stops_at_self_signed: bool = True  # a root that is not trusted ends the way, whatever follows
    tolerates_disorder: bool = True
    trusts_leaf: bool = True  # a self-signed leaf that is itself in the store
    trusts_leaf_if_ca: bool = True  # the same, where it is marked as a CA
    trusts_issued_leaf: bool = True  # one that is in the store although another key signed it
    dates_trusted_leaf: bool = True  # the dates of a leaf that is itself in the store count
    partial_chain: bool = True  # a trusted intermediate is an anchor, although not self-signed
    hangs_on_trusted_leaf: bool = False
    max_intermediates: int | None = None
    max_certificates: int | None = None
    max_message_bytes: int | None = None
    max_certificate_bytes: int | None = None
    # keys and signatures
    min_rsa_bits: int = 0
    min_root_rsa_bits: int | None = None  # None: as min_rsa_bits
    min_ec_bits: int = 0
    max_rsa_bits: int = 16_384
    weak_hashes: frozenset[str] = frozenset({"md2", "md5"})
    refused_signatures: frozenset[str] = frozenset()
    refused_keys: frozenset[str] = frozenset()  # kinds, curves, or "brainpool"
    refused_ca_keys: frozenset[str] = frozenset()
    pss_salt_as_hash: bool = True  # RSASSA-PSS only with a salt as long as the hash
    refuses_old_versions: bool = False  # X.509 version 1, but for roots
    schemes_as_offered: bool = False  # certificates too only by signature_algorithms
    openssl_levels: bool = False  # keys and hashes follow OpenSSL's security level
    checks_signature: bool = True
    compares_algorithms: bool = True  # the signature algorithm inside with the one outside
    # dates
    skew_s: float = 0.0  # how far before notBefore a certificate already counts as valid
    checks_root_dates: bool = True
    # names
    name_source: str = "san_else_cn"  # san | none | keys of names.BARS_COMMON_NAME
    common_name: str = "any"  # any | first | last | only: which of several is meant, "only" none
    wildcards: str = "label"  # a key of names.WILDCARDS: where `*` stands for something
    addresses: str = "san"  # san | san_else_cn | either | name: where IP addresses are looked for
    final_dot_ok: bool = False  # a name in the certificate may end in a dot
    needs_subject: bool = False
    # purposes and constraints
    checks_purpose: bool = True
    any_purpose_ok: bool = True
    any_purpose_ok_for_ca: bool | None = None  # None: as for leaves
    checks_ca_purpose: bool = True
    checks_root_purpose: bool = False
    step_up_ok: frozenset[str] = frozenset()  # netscape, microsoft: serves TLS, too, in a leaf
    client_purpose_ok_for_ca: bool = False
    step_up_ok_for_ca: bool = True
    checks_netscape_type: bool = False
    checks_key_usage: bool = False
    checks_ca: bool = True
    checks_root_ca: bool = True
    checks_root_usage: bool = True
    checks_root_path_length: bool = True
    checks_root_names: bool = True  # name constraints of the root
    leaf_may_be_ca_without_purposes: bool = False
    requires_policies: bool = False  # heeds requireExplicitPolicy
    bare_root: str = "accept"  # accept | usage (if keyUsage is there) | refuse: no basicConstraints
    needs_cert_sign: bool = True
    checks_path_length: bool = True
    leaf_may_be_ca: bool = True
    name_constraints: str = "process"  # process | refuse | ignore
    constrained_kinds: frozenset[str] = frozenset({"dns", "ip"})
    dot_means_below: bool = True  # ".example.org" does not constrain "example.org"
    uris_below: bool = False  # "example.org" constrains URIs to hosts below it, too
    refused_constraints: frozenset[str] = frozenset()  # kinds that it cannot compare
    constrained_common_name: str = "always"  # always | dotted | never: as a DNS name
    constraints_need_san: bool = False
    refuses_critical: bool = True
    refuses_critical_in_root: bool = False
    knows: frozenset[str] = frozenset(oids.EXTENSIONS) - oids.RARELY_KNOWN
    minds_damage: frozenset[str] = frozenset()  # extensions that must be well-formed
    enforces_staple: bool = False
    max_validity_days: int | None = None  # of leaves under public roots
    strict: bool = False  # RFC 5280 profile checks of OpenSSL's X509_STRICT
    # how it speaks
    order: tuple[str, ...] = DEFAULT_ORDER
    order_13: tuple[str, ...] | None = None  # None: the same in TLS 1.3
    says: Mapping[str, Signal] = field(default_factory=lambda: {"default": 46})
    says_13: Mapping[str, Signal] = field(default_factory=dict)
    told_in_order: frozenset[str] = frozenset()  # faults that it names only of a chain in order
    phase_12: str = "inside"
    phase_13: str = "inside"
    inside: frozenset[str] = frozenset({"message_size", "key_usage"})
    after: frozenset[str] = frozenset()  # faults that it notices once the handshake is complete
    delay_s: float = 0.0
    connections_ok: float = 1.0
    connections_failed: float = 1.0
    connections_aborted: float = 1.0

    @property
    def verifies(self) -> bool:
        """Whether it asks for a trusted path at all."""
        return any("trust" in step.partition("@")[0].split(",") for step in self.order)


_NAMES = frozenset(f.name for f in fields(Verifier))
SETS = frozenset(f.name for f in fields(Verifier) if isinstance(f.default, frozenset))


def verifier(table: Mapping[str, Any]) -> Verifier:
    """Return the verifier of a table of capabilities; UnknownNameError for a misspelt field."""
    for name in table:
        if name not in _NAMES:
            raise UnknownNameError("capability", name, _NAMES)
    return Verifier(**{name: _value(name, value) for name, value in table.items()})


def _value(name: str, value: Any) -> Any:  # noqa: ANN401 - the schema is the dataclass
    if name in SETS:
        return frozenset(value)
    if name in ("order", "order_13"):
        return tuple(value)
    if isinstance(value, dict) and not all(
        isinstance(v, int) or v == "close" for v in value.values()
    ):
        raise InputError(f'capability "{name}": alert codes or "close" only')
    return value
