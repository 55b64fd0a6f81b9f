"""A logged hello finds its client: exactly by cipher list, otherwise by what else it offers."""

from dataclasses import replace

import pytest

from simcert.tls import catalogue
from simcert.tls.logs_hello import LoggedHello
from simcert.tls.logs_match import NUMBERS, Matcher, fingerprint, hashed, plain

MEASURED = {name: one for name, one in catalogue().items() if one.measured}
MATCHER = Matcher(MEASURED)


def logged(name: str) -> LoggedHello:
    """Return the hello of a client as HAProxy would log it."""
    hello = MEASURED[name].hello
    return LoggedHello(
        suites=(*hello.suites, 0x00FF),
        extensions=(*hello.extensions, 41),
        groups=hello.groups,
        sigalgs=hello.sigalgs,
        versions=tuple(NUMBERS[one] for one in hello.versions),
    )


@pytest.mark.parametrize("name", sorted(MEASURED))
def test_every_measured_client_finds_itself_by_its_cipher_list(name: str) -> None:
    match = MATCHER.match(logged(name))
    assert match is not None
    assert match.exact
    assert MEASURED[match.client].hello.suites == MEASURED[name].hello.suites


@pytest.mark.parametrize("name", ["curl", "gnutls", "chromium", "java17", "bearssl"])
def test_a_hash_of_the_cipher_list_is_as_good_as_the_list(name: str) -> None:
    hello = logged(name)
    assert hello.suites is not None
    only_hash = LoggedHello(suites_hash=hashed(hello.suites), extensions=hello.extensions)
    match = MATCHER.match(only_hash)
    assert match is not None
    assert match.exact
    assert MEASURED[match.client].hello.suites == MEASURED[name].hello.suites


@pytest.mark.parametrize("name", ["curl", "gnutls", "chromium", "java17"])
def test_an_unknown_cipher_list_is_matched_by_its_other_offers_and_says_so(name: str) -> None:
    hello = logged(name)
    assert hello.suites is not None
    match = MATCHER.match(replace(hello, suites=hello.suites[::-1]))
    assert match is not None
    assert not match.exact
    assert MEASURED[match.client].hello.sigalgs == MEASURED[name].hello.sigalgs


def test_a_stranger_is_nobody() -> None:
    stranger = LoggedHello((0x1301, 0x9999), None, (0, 9999), (0x9999,), (0x9999,), (0x0304,))
    assert MATCHER.match(stranger) is None


def test_one_facet_is_not_enough() -> None:
    known = logged("curl")
    assert MATCHER.match(LoggedHello(suites=(0x9999,), groups=known.groups)) is None


def test_a_fingerprint_tells_hellos_apart_and_needs_no_list() -> None:
    one = logged("curl")
    assert fingerprint(one) != fingerprint(logged("gnutls"))
    assert fingerprint(one) == fingerprint(logged("curl"))
    assert fingerprint(LoggedHello(suites_hash=7)) == "xxh32:7"


def test_signalling_values_are_no_suites() -> None:
    assert plain((0x1301, 0x00FF, 0x5600)) == (0x1301,)
