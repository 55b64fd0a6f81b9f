"""The walk shown to people is the one that was judged: clock, schemes and staple included."""

import datetime as dt
from dataclasses import replace

import pytest

from simcert.lab.predict import Meeting
from simcert.lab.predict.explain import explained
from simcert.tls import CertificateChain, Client, ServerSettings, catalogue
from tests.tls.cells import AT, HOST, chains, trusted

CLIENTS = ("gnutls", "gnutls-suiteb128", "firefox", "go27", "openssl30", "bcjsse")


def meeting(new: CertificateChain, server: ServerSettings | None = None) -> Meeting:
    settings = server or ServerSettings()
    return Meeting(chains()["rsa2048"], new, settings, HOST, AT, trusted())


def assert_tells_what_is_predicted(met: Meeting, client: Client) -> None:
    told = met.predict(client, met.new)
    walk = explained(met, client).partition("NEW certificate")[2].partition("=>")[0]
    passed = "every check passes" in walk
    assert passed == (told.client_ok or told.seen == "hang"), walk
    assert told.reason.removeprefix("server: ") in walk or passed, walk


@pytest.mark.parametrize("name", CLIENTS)
def test_each_reason_was_met_on_the_walk(name: str) -> None:
    client = catalogue()[name]
    for chain in chains().values():
        assert_tells_what_is_predicted(meeting(chain), client)


def test_signature_schemes_that_were_not_offered_stop_the_walk() -> None:
    """GnuTLS holds certificates, too, to signature_algorithms; so does what it is shown to do."""
    one = catalogue()["gnutls"]
    hello = replace(one.hello, sigalgs=(0x0403, 0x0804))  # ECDSA and PSS with SHA-256 only
    client = replace(one, hello=hello, verifier=replace(one.verifier, schemes_as_offered=True))
    met = meeting(chains()["rsa2048"])
    assert not met.predict(client, met.new).client_ok
    assert_tells_what_is_predicted(met, client)


def test_the_walk_goes_by_the_clients_own_clock() -> None:
    client = replace(catalogue()["openssl30"], clock_offset_s=-40.0 * 365 * 86_400)
    met = meeting(chains()["rsa2048"])
    assert not met.predict(client, met.new).client_ok
    assert_tells_what_is_predicted(met, client)


def test_a_stapled_answer_counts_on_the_walk() -> None:
    met = meeting(chains()["must_staple"], ServerSettings(staples=True))
    assert met.at == AT.astimezone(dt.UTC)
    assert_tells_what_is_predicted(met, catalogue()["firefox"])
