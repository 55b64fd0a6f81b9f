"""Path building: which certificates a client links from the leaf to a root that it trusts."""

import datetime as dt
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from simcert.tls import oids
from simcert.tls._read_extensions import UNREADABLE
from simcert.tls.certificate import Certificate
from simcert.tls.chain import CertificateChain, TrustStore
from simcert.tls.roots import Root, published_intermediates
from simcert.tls.verifier import Verifier

MAX_DEPTH = 32
MAX_PATHS = 64


@dataclass(frozen=True, slots=True)
class Path:
    """Leaf first; `anchored` by its last certificate, or by `root`, which is known by name only."""

    certificates: tuple[Certificate, ...]
    anchored: bool
    root: Root | None = None

    @property
    def fetched(self) -> bool:
        """Whether an intermediate below the root was not sent, but found elsewhere."""
        above = self.certificates[-1].issuer_text.casefold()
        return self.root is not None and self.root.subject != above

    @property
    def authorities(self) -> tuple[Certificate, ...]:
        """The certificates between leaf and anchor."""
        last = -1 if self.anchored and self.root is None and len(self.certificates) > 1 else None
        return self.certificates[1:last]

    @property
    def anchor(self) -> Certificate | None:
        """The trusted certificate at the end, if it is known as one."""
        return self.certificates[-1] if self.anchored and self.root is None else None


def paths(
    chain: CertificateChain, trust: TrustStore, verifier: Verifier, at: dt.datetime
) -> Iterator[Path]:
    """Yield paths in the order in which this client tries them: one, unless it searches."""
    if verifier.path == "as_sent":
        yield _as_sent(chain, trust)
        return
    builder = _Builder(chain, trust, verifier, at)
    if verifier.path == "straight":
        yield builder.straight(chain.leaf)
        return
    tried = islice(builder.extend((chain.leaf,)), MAX_PATHS)
    if verifier.path == "search":
        yield from tried
        return
    known = list(tried)
    yield next((one for one in known if one.anchored), known[0])


def _as_sent(chain: CertificateChain, trust: TrustStore) -> Path:
    """Take each certificate sent as issuer of the one before; stop at the first trusted one."""
    taken: tuple[Certificate, ...] = ()
    for one in chain.certificates:
        taken = (*taken, one)
        anchor, root = _trusted_issuer(one, trust)
        if anchor is not None or root is not None:
            extra = (anchor,) if anchor is not None and anchor is not one else ()
            return Path((*taken, *extra), True, root)
    return Path(taken, anchored=False)


def _trusted_issuer(one: Certificate, trust: TrustStore) -> tuple[Certificate | None, Root | None]:
    for known in trust.certificates:
        if known.fingerprint == one.fingerprint:
            return one, None
        if known.subject == one.issuer and signed_by(one, known) is not False:
            return known, None
    return None, _named_root(one, trust)


def _named_root(one: Certificate, trust: TrustStore) -> Root | None:
    issuer = one.issuer_text.casefold()
    return next((root for root in trust.roots if root.subject == issuer), None)


class _Builder:
    """Depth-first search; a dead end yields an unanchored path."""

    def __init__(
        self, chain: CertificateChain, trust: TrustStore, verifier: Verifier, at: dt.datetime
    ) -> None:
        self._trust, self._verifier, self._at = trust, verifier, at
        self._sent = _distinct(chain.certificates[1:])
        self._anchors = {one.fingerprint for one in trust.certificates}

    def extend(self, taken: tuple[Certificate, ...]) -> Iterator[Path]:
        """Yield every path that continues `taken`."""
        top = taken[-1]
        if self._is_anchor(top, leaf=len(taken) == 1):
            yield Path(taken, anchored=True)
            return
        issuers = self._issuers(taken) if len(taken) < MAX_DEPTH else []
        for issuer in issuers:
            if isinstance(issuer, Root):
                yield Path(taken, True, issuer)
            else:
                yield from self.extend((*taken, issuer))
        if not issuers:
            yield Path(taken, anchored=False)

    def straight(self, leaf: Certificate) -> Path:
        """Return the path of a client that never reconsiders, but for a trusted way out at last."""
        taken: tuple[Certificate, ...] = (leaf,)
        while not self._is_anchor(taken[-1], leaf=len(taken) == 1):
            stops = self._verifier.stops_at_self_signed and _own_issuer(taken[-1])
            issuers = [] if stops else self._issuers(taken)
            if not issuers or len(taken) >= MAX_DEPTH:
                return self._way_out(taken)
            if isinstance(issuers[0], Root):
                return Path(taken, True, issuers[0])
            taken = (*taken, issuers[0])
        return Path(taken, anchored=True)

    def _way_out(self, taken: tuple[Certificate, ...]) -> Path:
        """Look from the top down for a certificate whose issuer is trusted after all."""
        for length in range(len(taken), 0, -1):
            for issuer in self._issuers(taken[:length]):
                if isinstance(issuer, Root):
                    return Path(taken[:length], True, issuer)
                if self._is_anchor(issuer, leaf=False):
                    return Path((*taken[:length], issuer), anchored=True)
        return Path(taken, anchored=False)

    def _is_anchor(self, one: Certificate, *, leaf: bool) -> bool:
        rules = self._verifier
        trusts_leaf = rules.trusts_leaf_if_ca if one.ca else rules.trusts_leaf
        suffices = one.self_issued or rules.partial_chain
        if leaf and not one.self_issued:
            trusts_leaf = trusts_leaf and rules.trusts_issued_leaf
        return suffices and (trusts_leaf or not leaf) and one.fingerprint in self._anchors

    def _issuers(self, taken: tuple[Certificate, ...]) -> list[Certificate | Root]:
        top, seen = taken[-1], {one.fingerprint for one in taken}
        trusted = [one for one in self._trust.certificates if self._fits(one, top, seen)]
        order = reversed(self._sent) if self._verifier.prefers_last else self._sent
        sent = [one for one in order if self._fits(one, top, seen)]
        root = _named_root(top, self._trust)
        named: list[Certificate | Root] = [] if root is None else [root]
        if self._verifier.prefers_valid:
            trusted.sort(key=lambda one: not one.valid_at(self._at))
            sent.sort(key=lambda one: not one.valid_at(self._at))
        known = [one for one in sent if one.fingerprint not in {t.fingerprint for t in trusted}]
        if self._verifier.prefers_trusted:
            return [*trusted, *named, *known]
        return [*known, *trusted, *named]

    def _fits(self, issuer: Certificate, child: Certificate, seen: set[str]) -> bool:
        rules = self._verifier
        named = issuer.name(rules.folds_names) == child.name(rules.folds_names, issuer=True)
        if not named or issuer.fingerprint in seen:
            return False
        return not rules.matches_key_id or key_id_fits(
            issuer, child, by_serial=rules.matches_issuer_serial
        )


def found_issuer(path: Path, trust: TrustStore) -> Path:
    """Complete a dead end by a published intermediate, as clients that fetch or preload them do."""
    if path.anchored:
        return path
    published = published_intermediates().get(path.certificates[-1].issuer_text.casefold(), ())
    root = next((root for root in trust.roots if root.id in published), None)
    return path if root is None else Path(path.certificates, True, root)


def key_id_fits(issuer: Certificate, child: Certificate, *, by_serial: bool = True) -> bool:
    """Whether authorityKeyIdentifier, where present on both sides, points to this issuer."""
    if child.authority_key_id is not None and issuer.key_id is not None:
        return child.authority_key_id == issuer.key_id
    serial = child.authority_serial if by_serial else None
    return serial is None or serial == issuer.serial


def _own_issuer(one: Certificate) -> bool:
    """Whether a certificate claims to be signed by its own key."""
    return one.self_issued and key_id_fits(one, one)


def _distinct(certificates: tuple[Certificate, ...]) -> list[Certificate]:
    return list({one.fingerprint: one for one in certificates}.values())


def signed_by(child: Certificate, issuer: Certificate) -> bool | None:
    """Whether the signature verifies; None where `cryptography` cannot tell."""
    return _verified(child.der, issuer.der)


@lru_cache(maxsize=1024)
def _verified(child: bytes, issuer: bytes) -> bool | None:
    """Verify by key alone: whether the names fit is each client's own matter."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd serial numbers are facts, not news
            one, other = (x509.load_der_x509_certificate(der) for der in (child, issuer))
        _verify(one, other.public_key())
    except InvalidSignature:
        return False
    except UNREADABLE:
        return None
    return True


def _verify(one: x509.Certificate, key: CertificatePublicKeyTypes) -> None:
    """Raise InvalidSignature unless the key made the signature; ValueError if nobody can tell."""
    signed, signature = one.tbs_certificate_bytes, one.signature
    algorithm = one.signature_algorithm_oid.dotted_string
    named = "rsa" if algorithm == oids.RSA_PSS else oids.SIGNATURES.get(algorithm, ("", ""))[0]
    if isinstance(key, rsa.RSAPublicKey) and named == "rsa":
        how = one.signature_algorithm_parameters
        if not isinstance(how, padding.PSS | padding.PKCS1v15):
            raise ValueError("no padding that is known")
        key.verify(signature, signed, how, _hash(one))
    elif isinstance(key, ec.EllipticCurvePublicKey) and named == "ecdsa":
        key.verify(signature, signed, ec.ECDSA(_hash(one)))
    elif named in ("rsa", "ecdsa") or isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise InvalidSignature  # by a key of another kind
    elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        key.verify(signature, signed)
    else:
        raise ValueError("no kind of key that is known")


def _hash(one: x509.Certificate) -> hashes.HashAlgorithm:
    found = one.signature_hash_algorithm
    if found is None:
        raise ValueError("no hash that is known")
    return found
