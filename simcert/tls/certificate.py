"""Certificate: the facts of one X.509 certificate that decide whether a client accepts it.

Read once from DER with `cryptography`; what that library refuses to read becomes `unreadable`, a
fact of its own, because a server may send such a certificate and clients differ in what they do.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import NamedTuple


class Key(NamedTuple):
    """A public key: kind in {rsa, rsa_pss, ec, ed25519, ed448, mldsa44, ..., dsa, unknown}."""

    kind: str
    bits: int = 0
    curve: str = ""
    exponent: int = 0


class Signature(NamedTuple):
    """How the issuer signed: algorithm in {rsa, rsa_pss, ecdsa, ed25519, ...}, and the hash."""

    algorithm: str
    hash: str


class NameRule(NamedTuple):
    """A name, or one subtree of a name constraint: kind in {dns, ip, dir, email, uri, other}."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """One certificate as its facts; compared by identity, `fingerprint` is its SHA-256.

    `ca` and `path_length` come from basicConstraints (None: absent), `usages` and `purposes` from
    keyUsage and extKeyUsage (None: absent, then everything is permitted, RFC 5280 4.2.1.3, .12).
    """

    der: bytes
    fingerprint: str
    subject: bytes  # DER of the name
    issuer: bytes
    serial: int
    version: int
    not_before: dt.datetime
    not_after: dt.datetime
    key: Key
    key_pin: str  # SHA-256 of SubjectPublicKeyInfo, what pins are made of (RFC 7469)
    signature: Signature
    subject_text: str = ""  # RFC 4514
    issuer_text: str = ""
    common_names: tuple[str, ...] = ()
    has_alternative_names: bool = False
    dns_names: tuple[str, ...] = ()
    ip_names: tuple[str, ...] = ()
    other_names: tuple[NameRule, ...] = ()  # of subjectAltName: dir, email, uri, other
    emails: tuple[str, ...] = ()  # of the subject
    alternative_names_critical: bool = False
    ca: bool | None = None
    path_length: int | None = None
    usages: frozenset[str] | None = None
    purposes: frozenset[str] | None = None
    permitted: tuple[NameRule, ...] = ()
    excluded: tuple[NameRule, ...] = ()
    has_name_constraints: bool = False
    name_constraints_critical: bool = False
    must_staple: bool = False
    policies: frozenset[str] | None = None
    explicit_policy_after: int | None = None  # requireExplicitPolicy: how many may come without
    algorithms_agree: bool = True  # signature algorithm inside and outside, RFC 5280 4.1.1.2
    salt_bytes: int | None = None  # of an RSASSA-PSS signature
    basic_constraints_critical: bool = False
    netscape_types: frozenset[str] | None = None  # nsCertType: server, client, ca
    critical: frozenset[str] = frozenset()  # which extensions are critical, of `extensions`
    extensions: frozenset[str] = frozenset()
    key_id: bytes | None = None
    authority_key_id: bytes | None = None
    authority_serial: int | None = None
    unreadable: str = ""
    unreadable_extensions: frozenset[str] = frozenset()  # of `extensions`, those without facts

    @property
    def self_issued(self) -> bool:
        """Whether subject and issuer are the same name."""
        return self.subject == self.issuer

    @property
    def name_kinds(self) -> frozenset[str]:
        """The kinds of names in subjectAltName."""
        plain = {"dns": self.dns_names, "ip": self.ip_names}
        return frozenset(k for k, names in plain.items() if names) | {
            name.kind for name in self.other_names
        }

    def name(self, fold: str, *, issuer: bool = False) -> bytes | str:
        """Return subject or issuer as a client compares it: exact, by text, or folded (7.1)."""
        if fold == "exact":
            return self.issuer if issuer else self.subject
        text = self.issuer_text if issuer else self.subject_text
        return text if fold == "text" else " ".join(text.casefold().split())

    @property
    def size(self) -> int:
        """Bytes of DER."""
        return len(self.der)

    @property
    def label(self) -> str:
        """A short name for people: the first common name, or the subject, or the serial number."""
        names = self.common_names or self.dns_names
        return names[0] if names else self.subject_text or f"serial {self.serial:x}"

    def valid_at(self, at: dt.datetime) -> bool:
        """Whether `at` lies in the closed validity interval (RFC 5280 section 4.1.2.5)."""
        return self.not_before <= at <= self.not_after


def fingerprint(der: bytes) -> str:
    """Return the SHA-256 of the DER, in hexadecimal."""
    return hashlib.sha256(der).hexdigest()
