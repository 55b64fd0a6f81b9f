"""DER in, `Certificate` out; whatever a hostile file holds, only InputError leaves this module."""

import datetime as dt
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from simcert.errors import InputError
from simcert.tls import oids
from simcert.tls._read_damaged import algorithms_agree, damaged_facts, harmless
from simcert.tls._read_extensions import UNREADABLE, read_extensions
from simcert.tls.certificate import Certificate, Key, NameRule, Signature, fingerprint

T = TypeVar("T")
CURVES = {"secp192r1": "secp192r1", "prime192v1": "secp192r1", "prime256v1": "secp256r1"}
_KINDS = {
    "ShortData": "it is cut off",
    "ExtraData": "something follows its end",
    "InvalidVersion": "its version is none that is read",
}
USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)


def read_certificate(der: bytes) -> Certificate:
    """Return the facts of one DER certificate; InputError if it is not one at all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd serial numbers and the like are facts, not news
        try:
            one = x509.load_der_x509_certificate(der)
            return _facts(one, der)
        except UNREADABLE as error:
            raise InputError(f"not an X.509 certificate: {_plainly(str(error))}") from error


def _plainly(error: str) -> str:
    """Return what a parser means by its kinds of error; its own words where it has any."""
    if "ParseError" not in error:
        return error
    told = (says for kind, says in _KINDS.items() if kind in error)
    return next(told, "its DER is damaged")


def _facts(one: x509.Certificate, der: bytes) -> Certificate:
    extensions = read_extensions(one, der)
    return Certificate(
        der=der,
        fingerprint=fingerprint(der),
        subject=_or(lambda: one.subject.public_bytes(), b"unreadable"),
        issuer=_or(lambda: one.issuer.public_bytes(), b"unreadable issuer"),
        serial=_or(lambda: one.serial_number, 0),
        version=_or(lambda: one.version.value + 1, 1),
        not_before=one.not_valid_before_utc.astimezone(dt.UTC),
        not_after=one.not_valid_after_utc.astimezone(dt.UTC),
        key=_key(one),
        key_pin=_or(lambda: _key_pin(one), fingerprint(der)),
        signature=_signature(one),
        salt_bytes=_or(lambda: _pss_salt(one), None),
        subject_text=_or(lambda: one.subject.rfc4514_string(), ""),
        issuer_text=_or(lambda: one.issuer.rfc4514_string(), ""),
        common_names=_or(lambda: _of_subject(one, x509.NameOID.COMMON_NAME), ()),
        emails=_or(lambda: _of_subject(one, x509.NameOID.EMAIL_ADDRESS), ()),
        extensions=extensions.names,
        critical=extensions.critical,
        unreadable=extensions.reason,
        unreadable_extensions=frozenset(extensions.damaged) - harmless(extensions.damaged),
        algorithms_agree=_or(lambda: algorithms_agree(der), True),
        **_extension_facts(extensions.readable),
        **damaged_facts(extensions.damaged),
    )


def _or(read: Callable[[], T], instead: T) -> T:
    try:
        return read()
    except UNREADABLE:
        return instead


def _of_subject(one: x509.Certificate, kind: x509.ObjectIdentifier) -> tuple[str, ...]:
    found = one.subject.get_attributes_for_oid(kind)
    return tuple(str(name.value) for name in found)


def _key(one: x509.Certificate) -> Key:
    """Return the key; of a kind that `cryptography` cannot load, the object identifier."""
    named = one.public_key_algorithm_oid.dotted_string
    try:
        key = one.public_key()
    except UNREADABLE:
        return Key(oids.SIGNATURES.get(named, ("unknown", ""))[0])
    if isinstance(key, rsa.RSAPublicKey):
        kind = "rsa_pss" if named == oids.RSA_PSS else "rsa"
        return Key(kind, key.key_size, exponent=key.public_numbers().e)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return Key("ec", key.curve.key_size, CURVES.get(key.curve.name, key.curve.name))
    if isinstance(key, ed25519.Ed25519PublicKey):
        return Key("ed25519", 256)
    if isinstance(key, ed448.Ed448PublicKey):
        return Key("ed448", 448)
    if isinstance(key, dsa.DSAPublicKey):
        return Key("dsa", key.key_size)
    return Key(oids.SIGNATURES.get(named, ("unknown", ""))[0])


def _key_pin(one: x509.Certificate) -> str:
    key = one.public_key()
    encoded = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return fingerprint(encoded)


def _signature(one: x509.Certificate) -> Signature:
    """Return algorithm and hash; for RSASSA-PSS the hash stands in the parameters (RFC 4055)."""
    named = one.signature_algorithm_oid.dotted_string
    if named != oids.RSA_PSS:
        return Signature(*oids.SIGNATURES.get(named, ("unknown", named)))
    return Signature("rsa_pss", _or(lambda: _pss_hash(one), "unknown"))


def _pss_hash(one: x509.Certificate) -> str:
    parameters = one.signature_algorithm_parameters
    assert isinstance(parameters, padding.PSS)
    hashed = one.signature_hash_algorithm
    return hashed.name if hashed is not None else "unknown"


def _pss_salt(one: x509.Certificate) -> int | None:
    parameters = one.signature_algorithm_parameters
    salt = parameters._salt_length if isinstance(parameters, padding.PSS) else None
    return salt if isinstance(salt, int) else None


def _extension_facts(extensions: Mapping[str, x509.Extension[Any]]) -> dict[str, Any]:
    no_facts: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    for oid, read in _READERS.items():
        if oid in extensions:
            facts |= _or(partial(read, extensions[oid]), no_facts)
    return facts


def _basic_constraints(one: x509.Extension[Any]) -> dict[str, Any]:
    return {
        "ca": one.value.ca,
        "path_length": one.value.path_length,
        "basic_constraints_critical": one.critical,
    }


def _key_usage(one: x509.Extension[Any]) -> dict[str, Any]:
    return {"usages": frozenset(usage for usage in USAGES if getattr(one.value, usage))}


def _purposes(one: x509.Extension[Any]) -> dict[str, Any]:
    return {"purposes": frozenset(purpose.dotted_string for purpose in one.value)}


def _alternative_names(one: x509.Extension[Any]) -> dict[str, Any]:
    return {
        "has_alternative_names": True,
        "alternative_names_critical": one.critical,
        "dns_names": tuple(one.value.get_values_for_type(x509.DNSName)),
        "ip_names": tuple(str(ip) for ip in one.value.get_values_for_type(x509.IPAddress)),
        "other_names": tuple(
            _rule(name) for name in one.value if not isinstance(name, x509.DNSName | x509.IPAddress)
        ),
    }


def _name_constraints(one: x509.Extension[Any]) -> dict[str, Any]:
    return {
        "has_name_constraints": True,
        "name_constraints_critical": one.critical,
        "permitted": tuple(map(_rule, one.value.permitted_subtrees or ())),
        "excluded": tuple(map(_rule, one.value.excluded_subtrees or ())),
    }


_OTHER_KINDS = {x509.RFC822Name: "email", x509.UniformResourceIdentifier: "uri"}


def _rule(name: x509.GeneralName) -> NameRule:
    if isinstance(name, x509.DNSName):
        return NameRule("dns", name.value.lower())
    if isinstance(name, x509.IPAddress):
        return NameRule("ip", str(name.value))
    if isinstance(name, x509.DirectoryName):
        return NameRule("dir", name.value.rfc4514_string().casefold())
    kind = _OTHER_KINDS.get(type(name), "other")
    return NameRule(kind, str(name.value).casefold())


def _features(one: x509.Extension[Any]) -> dict[str, Any]:
    return {"must_staple": any(feature.value == oids.STATUS_REQUEST for feature in one.value)}


def _policies(one: x509.Extension[Any]) -> dict[str, Any]:
    return {"policies": frozenset(p.policy_identifier.dotted_string for p in one.value)}


def _policy_constraints(one: x509.Extension[Any]) -> dict[str, Any]:
    return {"explicit_policy_after": one.value.require_explicit_policy}


def _authority(one: x509.Extension[Any]) -> dict[str, Any]:
    return {
        "authority_key_id": one.value.key_identifier,
        "authority_serial": one.value.authority_cert_serial_number,
    }


def _netscape(one: x509.Extension[Any]) -> dict[str, Any]:
    """Return the roles of nsCertType, a bit string with the first role in its highest bit."""
    bits = one.value.value[3] if len(one.value.value) > 3 else 0
    roles = (("client", 0x80), ("server", 0x40), ("ca", 0x04))
    return {"netscape_types": frozenset(role for role, bit in roles if bits & bit)}


def _key_id(one: x509.Extension[Any]) -> dict[str, Any]:
    return {"key_id": one.value.digest}


_READERS: dict[str, Callable[[x509.Extension[Any]], dict[str, Any]]] = {
    "2.5.29.19": _basic_constraints,
    "2.5.29.15": _key_usage,
    "2.5.29.37": _purposes,
    "2.5.29.17": _alternative_names,
    "2.5.29.30": _name_constraints,
    oids.TLS_FEATURE: _features,
    "2.5.29.35": _authority,
    "2.5.29.14": _key_id,
    oids.NETSCAPE_TYPE: _netscape,
    "2.5.29.32": _policies,
    "2.5.29.36": _policy_constraints,
}
