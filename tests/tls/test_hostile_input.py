"""Whatever a file or a table holds: a chain, or InputError; never another exception, never long."""

import datetime as dt
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simcert.errors import InputError
from simcert.tls import CertificateChain, ServerSettings, TrustStore, catalogue, oids, predict
from simcert.tls._read_extensions import content, element, elements
from simcert.tls.hello import ClientHello
from tests.tls.cells import AT, HOST, block, chains, pem, trusted
from tests.tls.recorded import recorded

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
        (block(b"\x30\x00"), "certificate 1.*cut off"),
        (pem("rsa2048").replace(b"-----END", b"\0-----END"), "1 is not valid base64"),
        (pem("rsa2048")[:900], "cut off"),
        (b"\n".join(reversed(pem("rsa2048").split(b"\n"))), "lines in order"),
        (block(b"hello"), "are its lines in order"),
        (pem("rsa2048").decode().encode("utf-16"), "UTF-16"),
        (pem("rsa2048").decode().encode("utf-16-le"), "UTF-16"),
        (b"-----BEGIN PKCS7-----\nMA==\n-----END PKCS7-----\n", "openssl pkcs7 -print_certs"),
        (element(0x30, element(6, bytes.fromhex("2a864886f70d010702"))), "pkcs7 -inform DER"),
        (element(0x30, element(2, b"\3") + bytes(200)), "PKCS#12"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\nMA==", "request for a certificate"),
        (chains()["rsa2048"].leaf.der + b"x", "something follows its end"),
        (pem("rsa2048") * 300, "at most 400"),
    ],
)
def test_a_file_that_is_no_chain_is_named_with_its_fault(content: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says):
        CertificateChain.from_pem(content)


@pytest.mark.parametrize(
    "value",
    [float("inf"), 0.5, True, pytest.param(1 << 20_000, id="huge"), "9" * 9999, -1, 65_536, None],
)
def test_what_is_no_code_point_is_said_in_a_line(value: object) -> None:
    with pytest.raises(InputError, match=r"ciphers.* is no 16-bit code point") as told:
        ClientHello.from_dict({"ciphers": [value]})
    assert len(str(told.value)) < 150


def test_a_chain_has_a_leaf() -> None:
    with pytest.raises(InputError, match="without certificates"):
        CertificateChain(())


def test_a_source_is_a_path_or_bytes() -> None:
    with pytest.raises(InputError, match="not NoneType"):
        CertificateChain.from_pem(None)  # type: ignore[arg-type]


def test_a_host_is_a_name() -> None:
    with pytest.raises(InputError, match="host= is a name, not bytes"):
        predict(catalogue()["curl"], chains()["rsa2048"], host=b"x", at=AT)  # type: ignore[arg-type]


def test_a_missing_file_is_named() -> None:
    with pytest.raises(InputError, match=r"nowhere\.pem"):
        TrustStore.from_pem("nowhere.pem")


@pytest.mark.parametrize("at", [None, "2026-01-01", dt.datetime(2026, 1, 1)])  # noqa: DTZ001 - the point
def test_a_verdict_needs_an_aware_moment(at: Any) -> None:
    with pytest.raises(InputError, match="at="):
        predict(catalogue()["curl"], chains()["rsa2048"], ServerSettings(), at=at)


@pytest.mark.parametrize(
    "name", ["j_policies", "j_aia", "j_feature", "j_policies_crit", "w_san_badip"]
)
def test_a_damaged_extension_hides_no_other(name: str) -> None:
    leaf = recorded("combinations").chains[name].leaf
    assert len(leaf.unreadable_extensions) == 1
    assert leaf.dns_names == ("localhost",)
    assert leaf.usages is not None
    assert leaf.purposes == {oids.SERVER_AUTH}
    assert leaf.ca is False
    assert leaf.unreadable_extensions <= leaf.extensions
    assert (name == "j_policies_crit") == bool(leaf.unreadable_extensions & leaf.critical)


def test_a_default_spelt_out_is_no_damage() -> None:
    """Old CAs encode cA FALSE; DER forbids it, and every client reads it."""
    leaf = recorded("combinations").chains["j_bc_false_explicit"].leaf
    assert (leaf.ca, leaf.unreadable_extensions) == (False, frozenset())


def test_a_hundred_thousand_extensions_are_read_in_bounded_time() -> None:
    """Each is read alone once one is damaged, so their number must be bounded."""
    started = time.process_time()
    leaf = CertificateChain.from_pem(block(crowded(100_000))).leaf
    assert leaf.dns_names == ("localhost",)
    assert time.process_time() - started < 1.5


def crowded(count: int) -> bytes:
    """Return a certificate with a doubled extension and very many others."""
    body, *rest = elements(content(chains()["rsa2048"].leaf.der))
    listed = next(part for part in elements(content(body)) if part[0] == 0xA3)
    own = list(elements(content(content(listed))))
    others = [odd_extension(number) for number in range(count)]
    many = element(0xA3, element(0x30, b"".join([*own, own[0], *others])))
    fields = [part for part in elements(content(body)) if part[0] != 0xA3]
    return element(0x30, element(0x30, b"".join(fields) + many) + b"".join(rest))


def odd_extension(number: int) -> bytes:
    oid = b"\x2b\x06\x01\x04\x01" + bytes(
        (0x81 + (number >> 14), 0x80 | number >> 7 & 0x7F, number & 0x7F)
    )
    return element(0x30, element(0x06, oid) + element(0x04, b"\x05\x00"))
