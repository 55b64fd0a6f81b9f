"""Server half: which version, suite and signature a server picks, or with which alert it gives up.

The rules of OpenSSL 3.0 at security level 0, in its order: version, then (TLS 1.2) suite and
signature, (TLS 1.3) suite, group and signature. A dozen rules over the ClientHello and the leaf.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from simcert.errors import InputError
from simcert.tls.certificate import Certificate
from simcert.tls.chain import CertificateChain
from simcert.tls.hello import VERSIONS, ClientHello

HANDSHAKE_FAILURE, PROTOCOL_VERSION, MISSING_EXTENSION = 40, 70, 109

TLS13_SUITES = frozenset({0x1301, 0x1302, 0x1303})
ECDHE_ECDSA = (0xC02C, 0xCCA9, 0xC02B, 0xC024, 0xC023, 0xC00A, 0xC009)
ECDHE_RSA = (0xC030, 0xCCA8, 0xC02F, 0xC028, 0xC027, 0xC014, 0xC013)
PLAIN_RSA = (0x009D, 0x009C, 0x003D, 0x003C, 0x0035, 0x002F)
OLD_SUITES = frozenset({0xC00A, 0xC009, 0xC014, 0xC013, 0x0035, 0x002F})  # exist before TLS 1.2

CURVE_GROUPS: Mapping[str, int] = {
    "secp192r1": 0x0013,
    "secp224r1": 0x0015,
    "secp256k1": 0x0016,
    "secp256r1": 0x0017,
    "secp384r1": 0x0018,
    "secp521r1": 0x0019,
    "brainpoolP256r1": 0x001A,
    "brainpoolP384r1": 0x001B,
    "brainpoolP512r1": 0x001C,
}
SERVER_GROUPS = frozenset({0x001D, 0x0017, 0x001E, 0x0019, 0x0018})
SERVER_GROUPS_13 = SERVER_GROUPS | {0x0100, 0x0101, 0x0102, 0x0103, 0x0104}

CURVE_SCHEMES_13: Mapping[str, int] = {
    "secp256r1": 0x0403,
    "secp384r1": 0x0503,
    "secp521r1": 0x0603,
}
ECDSA_SCHEMES = frozenset({0x0403, 0x0503, 0x0603, 0x0303, 0x0203})
PKCS1_SCHEMES = frozenset({0x0401, 0x0501, 0x0601, 0x0301, 0x0201})
PSS_RSAE: Mapping[int, int] = {0x0804: 32, 0x0805: 48, 0x0806: 64}  # scheme -> hash bytes
PSS_PSS: Mapping[int, int] = {0x0809: 32, 0x080A: 48, 0x080B: 64}
OWN_SCHEMES: Mapping[str, int] = {
    "ed25519": 0x0807,
    "ed448": 0x0808,
    "mldsa44": 0x0904,
    "mldsa65": 0x0905,
    "mldsa87": 0x0906,
}
CERTIFICATE_SCHEMES: Mapping[int, tuple[str, str]] = {  # signature_algorithms_cert
    **{0x0401 + 0x100 * n: ("rsa", name) for n, name in enumerate(("sha256", "sha384", "sha512"))},
    **{
        0x0403 + 0x100 * n: ("ecdsa", name) for n, name in enumerate(("sha256", "sha384", "sha512"))
    },
    **{0x0804 + n: ("rsa_pss", name) for n, name in enumerate(("sha256", "sha384", "sha512"))},
    **{0x0809 + n: ("rsa_pss", name) for n, name in enumerate(("sha256", "sha384", "sha512"))},
    0x0301: ("rsa", "sha224"),
    0x0303: ("ecdsa", "sha224"),
    0x0201: ("rsa", "sha1"),
    0x0203: ("ecdsa", "sha1"),
    0x0807: ("ed25519", "sha512"),
    0x0808: ("ed448", "shake256"),
    0x0904: ("mldsa44", "shake256"),
    0x0905: ("mldsa65", "shake256"),
    0x0906: ("mldsa87", "shake256"),
}


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What a terminator offers; defaults: OpenSSL 3.0, security level 0, all its default suites.

    `suites` None means those defaults. `second` is the other certificate of a dual deployment:
    ECDSA is served where the ClientHello allows it, as OpenSSL does by its own preference.
    """

    versions: tuple[str, ...] = ("1.2", "1.3")
    suites: tuple[int, ...] | None = None
    second: CertificateChain | None = None
    initial_window_bytes: int = 14_600  # 10 segments of 1460 bytes (RFC 6928)
    staples: bool = False
    ticket_life_s: float = 7200.0  # where it gives tickets: OpenSSL's default

    def __post_init__(self) -> None:
        unknown = [one for one in self.versions if one not in VERSIONS.values()]
        if not 0.0 <= self.ticket_life_s < math.inf:
            raise InputError(f"ticket_life_s {self.ticket_life_s!r}: seconds from 0 on")
        if unknown or not self.versions:
            raise InputError(f"server versions {self.versions!r}: use 1.0, 1.1, 1.2 or 1.3")

    def offers(self, suite: int) -> bool:
        """Whether the server would use this suite."""
        return self.suites is None or suite in self.suites


@dataclass(frozen=True, slots=True)
class Negotiated:
    """What both sides settled on; with `abort` the server gave up with that alert code instead."""

    version: str
    chain: CertificateChain
    suite: int = 0
    scheme: int = 0
    abort: int | None = None
    why: str = ""
    clause: str = ""

    @property
    def signs(self) -> bool:
        """Whether the leaf key signs in the handshake (else it decrypts: plain RSA)."""
        return self.suite not in PLAIN_RSA


def negotiate(hello: ClientHello, chain: CertificateChain, server: ServerSettings) -> Negotiated:
    """Return what the server picks for this ClientHello; the second chain is tried, too."""
    chains = [chain] if server.second is None else [chain, server.second]
    tried = [_with(hello, one, server) for one in sorted(chains, key=_preference)]
    return next((one for one in tried if one.abort is None), tried[-1])


def _preference(chain: CertificateChain) -> int:
    return 0 if chain.leaf.key.kind == "ec" else 1


def _with(hello: ClientHello, chain: CertificateChain, server: ServerSettings) -> Negotiated:
    common = [one for one in server.versions if one in hello.versions]
    if "1.3" in common and not _fits_tls13(chain.leaf):
        common.remove("1.3")
    if not common:
        why = f"no common version: client offers {'/'.join(hello.versions)}"
        return Negotiated("", chain, abort=PROTOCOL_VERSION, why=why, clause="RFC 8446 4.2.1")
    version = max(common)
    if version == "1.3":
        return _tls13(hello, chain, server)
    return _tls12(hello, chain, server, version)


def _fits_tls13(leaf: Certificate) -> bool:
    """An EC key needs a signature scheme of its own curve in TLS 1.3 (RFC 8446 section 4.2.3)."""
    return leaf.key.kind != "ec" or leaf.key.curve in CURVE_SCHEMES_13


def _tls13(hello: ClientHello, chain: CertificateChain, server: ServerSettings) -> Negotiated:
    def abort(code: int, why: str, clause: str) -> Negotiated:
        return Negotiated("1.3", chain, abort=code, why=why, clause=clause)

    suites = [s for s in hello.suites if s in TLS13_SUITES and server.offers(s)]
    if not suites:
        return abort(HANDSHAKE_FAILURE, "no common TLS 1.3 cipher suite", "RFC 8446 4.1.1")
    if hello.sigalgs is None:
        return abort(MISSING_EXTENSION, "no signature_algorithms", "RFC 8446 4.2.3")
    if hello.groups is None or not SERVER_GROUPS_13.intersection(hello.groups):
        return abort(HANDSHAKE_FAILURE, "no common key-exchange group", "RFC 8446 4.1.1")
    scheme = next((s for s in hello.sigalgs if _signs13(chain.leaf, s)), None)
    if scheme is None or not _certificate_scheme_ok(hello, chain.leaf):
        why = f"client cannot verify signatures of this certificate ({words(chain.leaf)})"
        return abort(HANDSHAKE_FAILURE, why, "RFC 8446 4.4.2.2")
    return Negotiated("1.3", chain, suite=suites[0], scheme=scheme)


def _signs13(leaf: Certificate, scheme: int) -> bool:
    kind = leaf.key.kind
    if kind == "ec":
        return CURVE_SCHEMES_13.get(leaf.key.curve) == scheme
    return _pss(leaf, scheme) or OWN_SCHEMES.get(kind) == scheme


def _pss(leaf: Certificate, scheme: int) -> bool:
    """RSASSA-PSS needs room for two hashes and two bytes in the modulus (RFC 8017 section 9.1)."""
    sizes = {"rsa": PSS_RSAE, "rsa_pss": PSS_PSS}.get(leaf.key.kind, {})
    return scheme in sizes and leaf.key.bits // 8 >= 2 * sizes[scheme] + 2


def _tls12(
    hello: ClientHello, chain: CertificateChain, server: ServerSettings, version: str
) -> Negotiated:
    suite = next((s for s in _usable_suites(hello, chain.leaf, server, version)), None)
    scheme = _scheme12(hello, chain.leaf, version) if suite not in PLAIN_RSA else 0
    if suite is None or scheme is None or not _certificate_scheme_ok(hello, chain.leaf):
        why = f"no cipher suite, curve or signature in common for {words(chain.leaf)}"
        return Negotiated(
            version, chain, abort=HANDSHAKE_FAILURE, why=why, clause="RFC 5246 7.4.1.3"
        )
    return Negotiated(version, chain, suite=suite, scheme=scheme)


def _usable_suites(
    hello: ClientHello, leaf: Certificate, server: ServerSettings, version: str
) -> list[int]:
    """Return common suites in the server's order; ECDHE ones need a common group."""
    common_group = hello.groups is None or bool(SERVER_GROUPS.intersection(hello.groups))
    ephemeral: tuple[int, ...] = ()
    if common_group and _can_sign12(hello, leaf, version):
        ephemeral = ECDHE_RSA if leaf.key.kind in ("rsa", "rsa_pss") else ECDHE_ECDSA
    ordered = ephemeral + (PLAIN_RSA if leaf.key.kind == "rsa" else ())
    return [
        suite
        for suite in ordered
        if suite in hello.suites
        and server.offers(suite)
        and (version == "1.2" or suite in OLD_SUITES)
    ]


def _can_sign12(hello: ClientHello, leaf: Certificate, version: str) -> bool:
    if leaf.key.kind == "ec":
        return (
            _curve_allowed(hello, leaf)
            and _may_sign(leaf)
            and _scheme12(hello, leaf, version) is not None
        )
    return _scheme12(hello, leaf, version) is not None


def _curve_allowed(hello: ClientHello, leaf: Certificate) -> bool:
    """Before TLS 1.3 the certificate's curve must be among the groups (RFC 8422 section 5.1)."""
    return hello.groups is None or CURVE_GROUPS.get(leaf.key.curve) in hello.groups


def _may_sign(leaf: Certificate) -> bool:
    return leaf.usages is None or "digital_signature" in leaf.usages


def _scheme12(hello: ClientHello, leaf: Certificate, version: str) -> int | None:
    """Return the signature scheme for ServerKeyExchange, 0 for the fixed one of TLS 1.0/1.1."""
    kind = leaf.key.kind
    if version != "1.2" or hello.sigalgs is None:
        return 0 if kind in ("rsa", "ec") else None
    return next((s for s in hello.sigalgs if _signs12(leaf, kind, s)), None)


def _signs12(leaf: Certificate, kind: str, scheme: int) -> bool:
    if kind == "ec":
        return scheme in ECDSA_SCHEMES
    if kind == "rsa" and scheme in PKCS1_SCHEMES:
        return True
    edwards = kind in ("ed25519", "ed448") and OWN_SCHEMES[kind] == scheme
    return _pss(leaf, scheme) or edwards


def _certificate_scheme_ok(hello: ClientHello, leaf: Certificate) -> bool:
    """The leaf's own signature must be in signature_algorithms_cert, if sent (RFC 8446 4.2.3)."""
    if hello.sigalgs_cert is None:
        return True
    return tuple(leaf.signature) in certificate_schemes(hello.sigalgs_cert)


def certificate_schemes(schemes: tuple[int, ...] | None) -> frozenset[tuple[str, str]]:
    """Return offered schemes as (algorithm, hash) of certificate signatures."""
    known = (CERTIFICATE_SCHEMES.get(scheme) for scheme in schemes or ())
    return frozenset(pair for pair in known if pair is not None)


def words(leaf: Certificate) -> str:
    """Return the key of a certificate in words."""
    key = leaf.key
    if key.kind == "ec":
        return f"ECDSA {key.curve}"
    if key.kind.startswith("mldsa"):
        return f"ML-DSA-{key.kind[5:]}"
    if key.kind in ("ed25519", "ed448"):
        return key.kind.capitalize()
    return f"{key.kind.upper().replace('_', '-')}{f'-{key.bits}' if 'rsa' in key.kind else ''}"
