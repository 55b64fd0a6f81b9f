"""Whatever a file or a table holds: a chain, or InputError; never another exception, never long."""

import datetime as dt
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simcert.errors import InputError
from simcert.tls import CertificateChain, ServerSettings, TrustStore, catalogue, predict
from simcert.tls.hello import ClientHello
from tests.tls.cells import AT, HOST, block, chains, pem, trusted

CLIENTS = ("openssl30", "go27", "firefox", "rustls020", "gnutls", "bearssl", "mbedtls2", "java17")
SLOW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def judge(content: bytes) -> None:
    """Read, and if that works predict for one client of every kind."""
    try:
        chain = CertificateChain.from_pem(content)
    except InputError:
        return
    for name in CLIENTS:
        predict(catalogue()[name], chain, trust=trusted(), host=HOST, at=AT)


@given(st.binary(max_size=4000))
def test_any_bytes(content: bytes) -> None:
    judge(content)


@SLOW
@given(st.lists(st.binary(max_size=300), max_size=4))
def test_any_bytes_as_certificates(ders: list[bytes]) -> None:
    judge(b"".join(map(block, ders)))


@SLOW
@given(
    st.sampled_from(["rsa2048", "nc_ok", "must_staple", "ec_p384", "rsa_pss_key", "mldsa44"]),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_damaged_certificates(name: str, damage: list[tuple[int, int]]) -> None:
    first, *rest = chains()[name].certificates
    der = bytearray(first.der)
    for at, value in damage:
        der[at % len(der)] = value
    judge(b"".join(map(block, [bytes(der), *(one.der for one in rest)])))


@SLOW
@given(st.permutations(range(12)), st.integers(1, 12))
def test_any_order_of_mess(order: list[int], count: int) -> None:
    names = ("cross_expired_root", "deep_chain", "dup_leaf", "stray_cert")
    pool = [one for name in names for one in chains()[name].certificates][:12]
    judge(b"".join(block(pool[index].der) for index in order[:count]))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)
FIELDS = ("ciphers", "versions", "sigalgs", "sigalgs_cert", "groups", "ext", "alpn", "ch_bytes")


@given(st.dictionaries(st.sampled_from((*FIELDS, "legacy_version", "sni")), json_values))
def test_any_table_as_client_hello(table: dict[str, Any]) -> None:
    try:
        hello = ClientHello.from_dict(table)
    except InputError:
        return
    assert hello.versions


def test_a_thousand_issuers_of_the_same_name_take_bounded_time() -> None:
    """Cross-signed loops would make a naive search exponential."""
    cross = chains()["cross_expired_root"].certificates
    many = CertificateChain(cross[:1] + cross[1:] * 130)
    started = time.perf_counter()
    for client in CLIENTS:
        predict(catalogue()[client], many, trust=trusted(), host=HOST, at=AT)
    assert time.perf_counter() - started < 3.0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"hello", "no .BEGIN CERTIFICATE. block"),
        (b"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n", "private key"),
        (block(b"\x30\x00"), "certificate 1"),
        (pem("rsa2048") * 300, "at most 400"),
    ],
)
def test_a_file_that_is_no_chain_is_named_with_its_fault(content: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says):
        CertificateChain.from_pem(content)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(InputError, match=r"nowhere\.pem"):
        TrustStore.from_pem("nowhere.pem")


@pytest.mark.parametrize("at", [None, dt.datetime(2026, 1, 1)])  # noqa: DTZ001 - the point
def test_a_verdict_needs_an_aware_moment(at: dt.datetime | None) -> None:
    with pytest.raises(InputError, match="at="):
        predict(catalogue()["curl"], chains()["rsa2048"], ServerSettings(), at=at)
