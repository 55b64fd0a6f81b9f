"""ML-DSA keys of leaf and authorities, as real clients took them on loopback on 2026-11-25."""

import datetime as dt

import pytest

from simcert.tls import CertificateChain, TrustStore, catalogue, factory, predict
from tests.tls.cells import HOST

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
LONG = (NOW - dt.timedelta(days=100), NOW + dt.timedelta(days=100))
CA = {"ca": True, "valid": LONG}
LEAF = {"dns": [HOST], "subject": f"CN={HOST}", "valid": LONG}
RECIPE = factory.recipe_of(
    {
        "certificate": {
            "root": {**CA, "subject": "CN=Root"},
            "young": {**CA, "subject": "CN=Young CA", "issuer": "root", "key": "mldsa44"},
            "old": {**CA, "subject": "CN=Old CA", "issuer": "root"},
            "below": {**LEAF, "issuer": "young"},
            "leaf": {**LEAF, "issuer": "old", "key": "mldsa44"},
        },
        "chain": {"root": ["root"], "below": ["below", "young"], "leaf": ["leaf", "old"]},
    }
)
ABORT = "server_abort:handshake_failure"
MEASURED = {  # outcome of an RSA leaf below an ML-DSA authority, and of an ML-DSA leaf, TLS 1.3
    "openssl30": ("alert:unknown_ca", ABORT),
    "python312": ("alert:unknown_ca", ABORT),
    "gnutls": ("alert:bad_certificate", ABORT),
    "nss-tstclnt": ("alert:bad_certificate", ABORT),
    "node18": ("close", ABORT),
    "node22": ("ok", "ok"),
    "pycurl": ("ok", "ok"),
    "go27": ("ok", "ok"),
    "utls-tls_client": ("alert:bad_certificate", ABORT),
    "primp": ("alert:decrypt_error", ABORT),
    "bun": ("ok", ABORT),  # its library verifies what it does not offer
    "erlang": ("close", ABORT),
}


@pytest.fixture(scope="module")
def made() -> dict[str, CertificateChain]:
    maker = factory.Factory(RECIPE)
    return {name: CertificateChain.from_pem(maker.chain(name)) for name in RECIPE.chains}


@pytest.mark.parametrize("stack", MEASURED)
def test_post_quantum_keys_are_told_as_measured(
    stack: str, made: dict[str, CertificateChain]
) -> None:
    trust = TrustStore(made["root"].certificates)
    told = tuple(
        predict(catalogue()[stack], made[name], trust=trust, host=HOST, at=NOW).seen
        for name in ("below", "leaf")
    )
    assert told == MEASURED[stack]
