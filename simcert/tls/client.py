"""Client: one configuration of a TLS stack: what it offers, how it verifies, whom it trusts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from simcert.tls.chain import CertificateChain, TrustStore
from simcert.tls.hello import ClientHello
from simcert.tls.roots import trust_stores
from simcert.tls.verifier import Verifier

CURRENT_STORE = "linux_ca_bundle_current"


@dataclass(frozen=True, slots=True, repr=False)
class Client:
    """A client configuration, measured or described.

    `trust` is its own store (None: whatever the caller passes to `predict`), `likeness` says how
    its behaviour is known. `pinning` "leaf" or "issuer" marks one that accepts no other keys than
    those it was built with: `pinned_to` binds it to a chain. `finds_issuers`: it fetches or
    preloads a missing intermediate.
    """

    name: str
    family: str
    hello: ClientHello
    verifier: Verifier
    trust: TrustStore | None = None
    measured: bool = False
    likeness: str = "measured"
    title: str = ""
    clock_offset_s: float = 0.0
    clock: str = "ntp"  # ntp | rtc | often_wrong | boot_1970
    pinning: str = ""  # "", "leaf" or "issuer": which key it insists on
    pins: frozenset[str] = frozenset()  # SHA-256 of keys or certificates, one of which must appear
    finds_issuers: bool = False
    resumes: bool = True
    resumed_share: tuple[float, float] | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Who it is; its offers, capabilities and roots would fill a page."""
        known = "measured" if self.measured else self.likeness
        return f"<Client {self.name}: {self.family}, {known}>"

    @property
    def segment(self) -> str:
        """What a server can tell of this client from its ClientHello: a fingerprint."""
        return self.hello.fingerprint

    def rooted(self) -> "Client":
        """Return this client with public roots of today, if it brought no store of its own."""
        if self.trust is not None:
            return self
        return replace(self, trust=TrustStore.named(trust_stores()[CURRENT_STORE]))

    def pinned_to(self, chain: CertificateChain) -> "Client":
        """Return this client as built for the chain's keys; itself if it does not pin.

        An "issuer" pin holds the keys of all authorities sent, so that any of them may reappear.
        """
        if not self.pinning or self.pins:
            return self
        issuers = chain.certificates[1:] or chain.certificates
        pinned = (chain.leaf,) if self.pinning == "leaf" else issuers
        return replace(self, pins=frozenset(one.key_pin for one in pinned))
