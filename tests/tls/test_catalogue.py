"""The catalogue: measured clients, described profiles, populations, and what an archetype is."""

import pytest

from simcert.errors import InputError, UnknownNameError
from simcert.tls import TrustStore, catalogue, client_from_hello, mixes
from simcert.tls.hello import ClientHello
from simcert.tls.hints import security_level
from simcert.tls.profiles import mix_sources, profiles
from simcert.tls.stacks import families, family, measured
from simcert.tls.verifier import verifier
from tests.tls.cells import chains


def test_measured_and_described_clients_are_kept_apart() -> None:
    assert {name for name, one in catalogue().items() if one.measured} == set(measured())
    assert all(name.startswith("profile:") for name in profiles())
    assert len(measured()) == 64
    assert len(profiles()) >= 100


def test_every_profile_has_provenance_for_every_group_of_fields() -> None:
    for one in profiles().values():
        assert all(one.provenance[key] for key in ("hello", "trust", "like")), one.name


def test_shares_of_every_population_sum_to_one_and_name_known_clients() -> None:
    for name, shares in mixes().items():
        assert sum(shares.values()) == pytest.approx(1.0)
        assert shares.keys() <= catalogue().keys()
        assert mix_sources()[name]


def test_every_family_is_readable() -> None:
    assert all(family(name).order is not None for name in families())


def test_a_misspelt_capability_is_named_with_the_right_spelling() -> None:
    with pytest.raises(UnknownNameError, match="min_rsa_bits"):
        verifier({"min_rsa_bit": 2048})


def test_an_unknown_root_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="isrg_x1"):
        TrustStore.named(["isrg_x11"])


def test_a_known_hello_is_recognised_in_its_family() -> None:
    for name in ("gnutls", "java25", "go27", "firefox", "rnet-okhttp4_10"):
        told = client_from_hello(measured()[name].hello, measured()[name].family)
        assert told.verifier == measured()[name].verifier
        assert not told.measured


def test_an_unknown_family_says_so() -> None:
    told = client_from_hello(measured()["chromium"].hello, "somebody's own")
    assert 'family "somebody\'s own" is not known' in told.likeness


@pytest.mark.parametrize(
    ("family", "like"),
    [
        ("deno", "rustls"),
        ("requests", "python"),
        ("Chrome", "chromium"),
        ("jdk", "jsse"),
        (" OpenSSL-CLI ", "openssl-cli"),
        ("python3.6", "python"),
        ("java-21", "jsse"),
        ("Safari 17", "apple"),
        ("nss-tstclnt", "nss"),
    ],
)
def test_a_program_is_known_by_the_stack_that_it_is_built_on(family: str, like: str) -> None:
    assert client_from_hello(measured()["botan2"].hello, family).likeness.startswith(
        f"family {like}"
    )


def test_of_two_families_in_a_name_the_hello_decides() -> None:
    for stack in ("mbedtls2", "python312"):
        own = measured()[stack]
        told = client_from_hello(own.hello, "python-mbedtls")
        assert told.likeness.startswith(f"family {own.family}")


@pytest.mark.parametrize("family", [None, "", "x" * 10_000, "none-such", "\0"])
def test_any_other_name_is_unknown_and_said_in_a_line(family: str | None) -> None:
    told = client_from_hello(measured()["chromium"].hello, family).likeness
    assert "is not known; by ClientHello like " in told
    assert len(told) < 300


def test_a_family_that_is_no_name_is_refused() -> None:
    with pytest.raises(InputError, match="a family is a name, not int"):
        client_from_hello(measured()["gnutls"].hello, 5)  # type: ignore[arg-type]


def test_a_stranger_alerts_within_the_handshake_as_most_programs_do() -> None:
    """Its nearest, curl built for BoringSSL, completes the handshake before it closes."""
    known = {name: one for name, one in measured().items() if one.family != "bun"}
    told = client_from_hello(measured()["bun"].hello, "own", known=known).verifier
    assert known["curl_cffi-chrome"].verifier.phase_12 == "after"
    assert (told.phase_12, told.phase_13) == ("inside", "inside")
    assert "close" not in told.says.values()
    assert not told.after


@pytest.mark.parametrize(("offered", "refused"), [("0201", False), ("0401", True)])
def test_a_stranger_refuses_the_hash_that_it_does_not_offer(offered: str, refused: bool) -> None:
    hello = {"ciphers": ["c02f", "002f"], "sigalgs": ["0804", offered]}
    assert ("sha1" in client_from_hello(hello, "own").verifier.weak_hashes) is refused


@pytest.mark.parametrize("family", ["curl", "git", "aria2", "lynx", "somebody's own"])
def test_programs_built_on_gnutls_ask_for_the_verdict_after_the_handshake(family: str) -> None:
    """gnutls_certificate_verify_peers2, and no alert; keyUsage is the library's own affair."""
    told = client_from_hello(measured()["gnutls"].hello, family).verifier
    assert (told.phase_12, told.phase_13, told.inside) == ("after", "after", {"key_usage"})
    assert set(told.says.values()) == {"close"}
    assert not told.checks_purpose
    assert told.enforces_staple


def test_the_library_counts_only_where_the_hello_is_its_own() -> None:
    own = client_from_hello(measured()["gnutls"].hello, "gnutls").verifier
    assert own == measured()["gnutls"].verifier
    assert "gnutls" not in client_from_hello(measured()["curl"].hello, "curl").likeness
    assert client_from_hello(measured()["curl"].hello, "curl").verifier.phase_12 == "inside"


def test_a_hello_that_decides_nothing_says_so() -> None:
    """Node 22, 24 and 26 offer the same, and differ in the keys that they refuse."""
    hello = measured()["node22"].hello
    told = client_from_hello(hello, "somebody's own").likeness
    assert "no less like node24, node26, who differ" in told
    assert "differ" not in client_from_hello(measured()["erlang"].hello, "own").likeness


def test_the_verifying_configuration_is_given_where_two_share_a_hello() -> None:
    assert client_from_hello(
        measured()["openssl30-noverify"].hello, "openssl-cli"
    ).verifier.verifies


@pytest.mark.parametrize(
    ("stack", "level"),
    [("openssl30", None), ("openssl30-sec0", "0"), ("openssl30-sec3", "3"), ("node12", "1.1.1")],
)
def test_an_offer_betrays_the_security_level(stack: str, level: str | None) -> None:
    assert security_level(measured()[stack].hello) == level


@pytest.mark.parametrize(
    ("dsa", "level"), [("0402 0502 0602", "3"), ("0502 0602", "4"), ("0602", "5"), ("", None)]
)
def test_what_openssl_still_offers_betrays_a_high_level(dsa: str, level: str | None) -> None:
    hello = {"ciphers": ["1301"], "sigalgs": ["0403", "0804", *dsa.split()]}
    assert security_level(ClientHello.from_dict(hello)) == level


def test_pins_bind_a_client_to_the_keys_of_today() -> None:

    pinned = catalogue()["profile:app_pinned_leaf_android"].pinned_to(chains()["rsa2048"])
    assert pinned.pins == {chains()["rsa2048"].leaf.key_pin}
    assert catalogue()["curl"].pinned_to(chains()["rsa2048"]) is catalogue()["curl"]


def test_a_client_names_itself_in_one_short_line() -> None:
    assert repr(catalogue()["curl"]) == "<Client curl: curl, measured>"
    assert all(len(repr(one)) < 120 and "\n" not in repr(one) for one in catalogue().values())
