"""The extensions of one certificate, as a public CA would set them (RFC 5280 section 4.2)."""

import hashlib
from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from simcert.errors import UnknownNameError
from simcert.tls._factory_recipe import CertificateRecipe

Extension = tuple[x509.ExtensionType, bool]  # with its criticality

SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")  # RFC 6962 section 3.3
PADDING = x509.ObjectIdentifier("1.3.6.1.4.1.55555.1")
DOMAIN_VALIDATED = x509.ObjectIdentifier("2.23.140.1.2.1")
EKUS = {
    "serverAuth": ExtendedKeyUsageOID.SERVER_AUTH,
    "clientAuth": ExtendedKeyUsageOID.CLIENT_AUTH,
}
_USAGES = {
    "digitalSignature": "digital_signature",
    "nonRepudiation": "content_commitment",
    "keyEncipherment": "key_encipherment",
    "dataEncipherment": "data_encipherment",
    "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign",
    "cRLSign": "crl_sign",
    "encipherOnly": "encipher_only",
    "decipherOnly": "decipher_only",
}


def extensions(
    one: CertificateRecipe,
    own: CertificateIssuerPublicKeyTypes,
    issuer: CertificateIssuerPublicKeyTypes,
) -> Iterator[Extension]:
    """Yield what belongs into a certificate of this recipe, given both public keys."""
    yield x509.BasicConstraints(one.ca, one.path_length if one.ca else None), True
    yield x509.SubjectKeyIdentifier.from_public_key(own), False
    if one.issuer is not None:
        yield x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), False
    yield _usage(one.key_usage or _usual(one, own)), True
    yield from _constraints(one)
    if not one.ca:
        yield from _leaf(one)
    yield from _oddities(one)


def _leaf(one: CertificateRecipe) -> Iterator[Extension]:
    if one.dns:
        yield x509.SubjectAlternativeName([x509.DNSName(name) for name in one.dns]), False
    if one.eku:
        yield x509.ExtendedKeyUsage([_eku(name) for name in one.eku]), False
    if one.issuer is not None:
        yield _where_to_fetch(one.issuer), False
    yield x509.CertificatePolicies([x509.PolicyInformation(DOMAIN_VALIDATED, None)]), False
    if one.scts:
        yield x509.UnrecognizedExtension(SCT_LIST, _octets(sct_list(one.scts))), False
    if one.must_staple:
        yield x509.TLSFeature([x509.TLSFeatureType.status_request]), False


def _oddities(one: CertificateRecipe) -> Iterator[Extension]:
    if one.padding_bytes:
        yield x509.UnrecognizedExtension(PADDING, _octets(bytes(one.padding_bytes))), False
    if one.critical_oid is not None:
        yield x509.UnrecognizedExtension(x509.ObjectIdentifier(one.critical_oid), b"\x05\0"), True


def _constraints(one: CertificateRecipe) -> Iterator[Extension]:
    permitted = [x509.DNSName(name) for name in one.permitted_dns] or None
    excluded = [x509.DNSName(name) for name in one.excluded_dns] or None
    if permitted or excluded:
        yield x509.NameConstraints(permitted, excluded), True


def _usual(one: CertificateRecipe, own: CertificateIssuerPublicKeyTypes) -> tuple[str, ...]:
    """RSA leaves of most CAs may still encrypt keys; other keys can only sign."""
    if one.ca:
        return ("keyCertSign", "cRLSign")
    encrypts = isinstance(own, rsa.RSAPublicKey)
    return ("digitalSignature", "keyEncipherment") if encrypts else ("digitalSignature",)


def _usage(names: tuple[str, ...]) -> x509.KeyUsage:
    for name in names:
        if name not in _USAGES:
            raise UnknownNameError("key usage", name, _USAGES)
    return x509.KeyUsage(**{field: name in names for name, field in _USAGES.items()})


def _eku(name: str) -> x509.ObjectIdentifier:
    """A usage by name, or any other one by its dotted number."""
    if name in EKUS:
        return EKUS[name]
    if not name.replace(".", "").isdigit():
        raise UnknownNameError("extended key usage", name, EKUS)
    return x509.ObjectIdentifier(name)


def _where_to_fetch(issuer: str) -> x509.AuthorityInformationAccess:
    where = x509.UniformResourceIdentifier(f"http://ca.example/{issuer}.der")
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, where)]
    )


def sct_list(count: int) -> bytes:
    """Return `count` receipts laid out as in RFC 6962 section 3.3, of logs that do not exist."""
    receipts = b"".join(_with_length(_receipt(i)) for i in range(count))
    return _with_length(receipts)


def _receipt(number: int) -> bytes:
    log_id = hashlib.sha256(f"log {number}".encode()).digest()
    signature = hashlib.sha512(log_id).digest()[:64]
    der = b"\x30\x44\x02\x20" + signature[:32] + b"\x02\x20" + signature[32:]
    return b"\0" + log_id + bytes(8) + b"\0\0" + b"\x04\x03" + _with_length(der)


def _with_length(body: bytes) -> bytes:
    return len(body).to_bytes(2, "big") + body


def _octets(body: bytes) -> bytes:
    """Wrap bytes as a DER OCTET STRING."""
    size = len(body)
    if size < 0x80:
        return b"\x04" + bytes([size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return b"\x04" + bytes([0x80 | len(length)]) + length + body
