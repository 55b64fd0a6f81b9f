"""Verifier: the capabilities of one client configuration, each field with a meaning of its own.

What it accepts, what it looks at, in which order, when it notices, and what it says then. Values
stand in `data/capabilities.toml` with their provenance; the defaults here are a careful client's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from simcert.errors import InputError, UnknownNameError

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
    path: str = "first_anchored"  # first_anchored | search (backtracks over any fault) | as_sent
    prefers_trusted: bool = True
    prefers_valid: bool = True
    matches_key_id: bool = False
    tolerates_disorder: bool = True
    trusts_leaf: bool = True  # a self-signed leaf that is itself in the store
    trusts_leaf_if_ca: bool = True  # the same, where it is marked as a CA
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
    refused_keys: frozenset[str] = frozenset()
    schemes_as_offered: bool = False  # certificates too only by signature_algorithms
    openssl_levels: bool = False  # keys and hashes follow OpenSSL's security level
    checks_signature: bool = True
    # dates
    skew_s: float = 0.0  # how far before notBefore a certificate already counts as valid
    checks_root_dates: bool = True
    # names
    name_source: str = "san_else_cn"  # san | san_else_cn | no_san_else_cn | either | none
    final_dot_ok: bool = False  # a name in the certificate may end in a dot
    needs_subject: bool = False
    # purposes and constraints
    checks_purpose: bool = True
    any_purpose_ok: bool = True
    any_purpose_ok_for_ca: bool | None = None  # None: as for leaves
    checks_ca_purpose: bool = True
    checks_key_usage: bool = False
    checks_ca: bool = True
    checks_root_ca: bool = True
    root_needs_constraints: bool = False  # else a root without basicConstraints is one, too
    needs_cert_sign: bool = True
    checks_path_length: bool = True
    leaf_may_be_ca: bool = True
    name_constraints: str = "process"  # process | refuse | ignore
    refuses_critical: bool = True
    enforces_staple: bool = False
    max_validity_days: int | None = None  # of leaves under public roots
    strict: bool = False  # RFC 5280 profile checks of OpenSSL's X509_STRICT
    # how it speaks
    order: tuple[str, ...] = DEFAULT_ORDER
    order_13: tuple[str, ...] | None = None  # None: the same in TLS 1.3
    says: Mapping[str, Signal] = field(default_factory=lambda: {"default": 46})
    says_13: Mapping[str, Signal] = field(default_factory=dict)
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


_SETS = frozenset({"weak_hashes", "refused_signatures", "refused_keys", "inside", "after"})
_NAMES = frozenset(f.name for f in fields(Verifier))


def verifier(table: Mapping[str, Any]) -> Verifier:
    """Return the verifier of a table of capabilities; UnknownNameError for a misspelt field."""
    for name in table:
        if name not in _NAMES:
            raise UnknownNameError("capability", name, _NAMES)
    return Verifier(**{name: _value(name, value) for name, value in table.items()})


def _value(name: str, value: Any) -> Any:  # noqa: ANN401 - the schema is the dataclass
    if name in _SETS:
        return frozenset(value)
    if name in ("order", "order_13"):
        return tuple(value)
    if isinstance(value, dict) and not all(
        isinstance(v, int) or v == "close" for v in value.values()
    ):
        raise InputError(f'capability "{name}": alert codes or "close" only')
    return value
