"""Predictions as laws: several faults, clocks, pins, resumption, sizes, costs, explanations."""

import datetime as dt
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcert.tls import CertificateChain, ServerSettings, TrustStore, catalogue, explain, predict
from simcert.tls.cost import flights
from simcert.tls.stacks import family
from tests.tls.cells import AT, HOST, chains, trusted

TLS12, TLS13 = ServerSettings(versions=("1.2",)), ServerSettings(versions=("1.3",))
LATE = AT + dt.timedelta(days=400)  # every leaf has expired


def seen(client: str, variant: str, server: ServerSettings = TLS13, **more: object) -> str:
    given_ = {"trust": trusted(), "host": HOST, "at": AT, **more}
    return predict(catalogue()[client], chains()[variant], server, **given_).seen  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("client", "variant", "outcome"),
    [
        ("openssl30", "wrong_host", "alert:bad_certificate"),  # the name before the dates
        ("curl", "wrong_host", "alert:certificate_expired"),  # the name after the handshake
        ("firefox", "wrong_host", "alert:bad_certificate"),
        ("impit", "wrong_host", "alert:certificate_expired"),
        ("mbedtls2", "wrong_host", "alert:bad_certificate"),  # the name ranks first
        ("openssl30", "unknown_root", "alert:unknown_ca"),  # trust before dates
        ("impit", "unknown_root", "alert:certificate_expired"),  # dates before trust
        ("firefox", "unknown_root", "alert:unknown_ca"),  # the leaf's own faults are deferred
        ("openssl30", "eku_client", "alert:unsupported_certificate"),
        ("impit", "eku_client", "alert:certificate_expired"),
    ],
)
def test_of_several_faults_the_client_names_the_one_it_meets_first(
    client: str, variant: str, outcome: str
) -> None:
    server = TLS12 if client == "mbedtls2" else TLS13
    assert seen(client, variant, server, at=LATE) == outcome


def test_a_slow_clock_makes_a_fresh_certificate_too_young() -> None:
    slow = replace(catalogue()["openssl30"], clock_offset_s=-30 * 86_400.0)
    told = predict(slow, chains()["rsa2048"], trust=trusted(), host=HOST, at=AT)
    assert told.seen == "alert:bad_certificate"
    assert "valid only from" in told.reason


def test_a_certificate_is_valid_to_its_very_last_second() -> None:
    end = chains()["rsa2048"].leaf.not_after
    assert seen("openssl30", "rsa2048", at=end) == "ok"
    assert seen("openssl30", "rsa2048", at=end + dt.timedelta(seconds=1)) != "ok"


def test_a_pinned_app_leaves_after_the_handshake() -> None:
    app = catalogue()["profile:app_pinned_leaf_android"].pinned_to(chains()["rsa2048"])
    told = predict(app, chains()["rsa4096"], trust=trusted(), host=HOST, at=AT)
    assert told.seen == "ok_then_close"
    assert predict(app, chains()["rsa2048"], trust=trusted(), host=HOST, at=AT).client_ok


def test_resumption_hides_a_rejection_but_no_server_abort() -> None:
    client = catalogue()["firefox"]
    rejects = predict(client, chains()["expired"], TLS13, trust=trusted(), host=HOST, at=AT)
    aborted = predict(client, chains()["ed448"], TLS13, trust=trusted(), host=HOST, at=AT)
    assert rejects.hidden_by_resumption
    assert not aborted.hidden_by_resumption


def test_a_missing_intermediate_breaks_libraries_and_not_browsers_that_fetch() -> None:
    leaf = chains()["rsa2048"].leaf
    public = replace(leaf, issuer_text="CN=R12,O=Let's Encrypt,C=US", dns_names=("a.example",))
    chain = CertificateChain((public,))
    for name, ok in (("profile:chrome_android_current", True), ("profile:openssl_30", False)):
        assert predict(catalogue()[name], chain, at=AT).client_ok is ok


def test_an_expired_cross_root_stops_only_clients_that_follow_the_chain_as_sent() -> None:
    assert seen("node8", "cross_expired_root", TLS12) == "ok_then_close"
    assert all(
        seen(name, "cross_expired_root", TLS12) == "ok" for name in ("node10", "go27", "java17")
    )


def test_no_trust_means_no_client_that_verifies_accepts() -> None:
    nobody = TrustStore()
    for name, client in catalogue().items():
        if client.verifier.verifies:
            outcome = predict(client, chains()["rsa2048"], trust=nobody, host=HOST, at=AT)
            assert not outcome.client_ok, name


@given(st.integers(1, 200_000), st.integers(1000, 60_000))
def test_flights_cover_the_bytes_and_not_one_round_more(size: int, window: int) -> None:
    rounds = flights(size, window)
    assert window * (2**rounds - 1) >= size
    assert rounds == 1 or window * (2 ** (rounds - 1) - 1) < size


def test_handshake_bytes_follow_the_measured_ones() -> None:
    told = predict(catalogue()["openssl30"], chains()["rsa2048"], TLS13, at=AT)
    assert told.flight_bytes == pytest.approx(2313, abs=25)
    assert (told.flights, told.quic_flights) == (1, 1)
    large = predict(catalogue()["openssl30"], chains()["filler_20k"], TLS13, at=AT)
    assert (large.flights, large.quic_flights) == (2, 3)


def test_rsa_4096_costs_the_server_more_and_p256_less() -> None:
    cpu = {
        name: predict(catalogue()["openssl30"], chains()[name], TLS13, at=AT).server_cpu_us
        for name in ("rsa4096", "rsa2048", "ec_p256")
    }
    assert cpu["rsa4096"] > 4 * cpu["rsa2048"] > 8 * cpu["ec_p256"]


def test_an_explanation_walks_the_paths_and_ends_with_what_the_server_sees() -> None:
    told = explain(
        catalogue()["firefox"],
        chains()["cross_expired_root"],
        TLS13,
        trust=trusted(),
        host="other.example",
        at=AT,
    )
    text = "\n".join(told)
    assert "path 1: localhost <- Lab Intermediate R3 <- Lab New Root X1 (trusted)" in text
    assert "not for other.example" in text
    assert "server sees alert:bad_certificate" in text


def test_a_hundred_clients_and_two_chains_take_well_under_a_second() -> None:
    clients = list(catalogue().values())
    started = time.perf_counter()
    for variant in ("rsa2048", "deep_chain"):
        for client in clients:
            predict(client, chains()[variant], trust=trusted(), host=HOST, at=AT)
    assert time.perf_counter() - started < 1.0


@pytest.mark.parametrize(
    ("life_s", "hidden_s"), [(7200.0, 7200.0), (0.0, 0.0), (30 * 86_400.0, 7 * 86_400.0)]
)
def test_resumption_hides_a_fault_while_a_ticket_lives(life_s: float, hidden_s: float) -> None:
    """RFC 8446 4.6.1: seven days at most, whatever the server says."""
    server = ServerSettings(ticket_life_s=life_s)
    told = predict(
        catalogue()["curl"], chains()["expired"], server, trust=trusted(), host=HOST, at=AT
    )
    assert told.hidden_by_resumption
    assert told.hidden_for_s == hidden_s


@pytest.mark.parametrize("mess", ["leaf twice", "a stray at the end", "the issuer late"])
def test_jsse_names_dates_only_of_a_chain_in_order(mess: str) -> None:
    """Out of order it builds a path itself, and then knows only that there is none (measured)."""
    leaf, *issuers = chains()["rsa2048"].certificates
    stray = chains()["ec_p256"].certificates[-1]
    sent = {
        "leaf twice": (leaf, leaf, *issuers),
        "a stray at the end": (leaf, *issuers, stray),
        "the issuer late": (leaf, stray, *issuers),
    }[mess]
    told = {
        chain.in_order: predict(
            catalogue()["java17"], chain, TLS12, trust=trusted(), host=HOST, at=LATE
        ).seen
        for chain in (CertificateChain(sent), chains()["rsa2048"])
    }
    assert told == {False: "alert:certificate_unknown", True: "alert:certificate_expired"}


@pytest.mark.parametrize(
    ("at", "roles", "ok"),
    [(0, {"server"}, True), (0, {"ca"}, False), (1, {"ca"}, True), (1, {"server"}, False)],
)
def test_a_netscape_type_says_what_a_leaf_and_what_an_issuer_may_do(
    at: int, roles: set[str], ok: bool
) -> None:
    sent = list(chains()["rsa2048"].certificates)
    sent[at] = replace(sent[at], netscape_types=frozenset(roles))
    chain = CertificateChain(tuple(sent))
    told = predict(catalogue()["openssl30"], chain, trust=trusted(), host=HOST, at=AT)
    assert told.client_ok is ok


def test_lynx_takes_the_common_name_whatever_else_is_there() -> None:
    sent = list(chains()["rsa2048"].certificates)
    sent[0] = replace(sent[0], dns_names=("other.example",), ip_names=(), common_names=(HOST,))
    chain, curl = CertificateChain(tuple(sent)), catalogue()["curl"]
    lynx = replace(curl, verifier=family("lynx"))
    for one, ok in ((lynx, True), (curl, False)):
        assert predict(one, chain, trust=trusted(), host=HOST, at=AT).client_ok is ok
