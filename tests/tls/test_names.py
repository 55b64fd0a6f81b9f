"""Names: what covers a host (RFC 9525), and what name constraints permit (RFC 5280 4.2.1.10)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcert.tls.certificate import NameRule
from simcert.tls.names import allowed, covers, matches
from tests.tls.cells import chains

labels = st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True)
hosts = st.lists(labels, min_size=3, max_size=5).map(".".join)


@given(hosts)
def test_a_name_covers_itself_whatever_its_case(host: str) -> None:
    assert covers(host.upper(), host)


@given(hosts)
def test_a_wildcard_covers_one_label_and_only_one(host: str) -> None:
    above = host.partition(".")[2]
    assert covers(f"*.{above}", host)
    assert not covers(f"*.{above}", above)
    assert not covers(f"*.{above}", f"www.{host}")


@pytest.mark.parametrize("pattern", ["*", "*.localhost", "", "w*.example.org", "localhost."])
def test_other_patterns_cover_nothing(pattern: str) -> None:
    assert not covers(pattern, "localhost")
    assert not covers(pattern, "www.example.org")


@pytest.mark.parametrize(
    ("source", "accepted"),
    [("san", False), ("san_else_cn", True), ("no_san_else_cn", True), ("either", True)],
)
def test_a_common_name_counts_only_for_clients_that_look_there(source: str, accepted: bool) -> None:
    assert matches(chains()["cn_only"].leaf, "localhost", source) is accepted


def test_a_common_name_beside_other_names_is_ignored() -> None:
    leaf = chains()["wrong_host_cn_ok"].leaf
    assert not matches(leaf, "localhost", "san_else_cn")
    assert matches(leaf, "localhost", "either")


def test_an_address_is_found_among_addresses_only() -> None:
    leaf = replace(chains()["rsa2048"].leaf, ip_names=("::1",), dns_names=("127.0.0.1",))
    assert matches(leaf, "0:0::1", "san")
    assert not matches(leaf, "127.0.0.1", "san")


@pytest.mark.parametrize(
    ("permitted", "excluded", "fine"),
    [
        ((), (), True),
        (("localhost",), (), True),
        (("example.test",), (), False),
        ((), ("localhost",), False),
        ((), (".test",), True),
    ],
)
def test_name_constraints(
    permitted: tuple[str, ...], excluded: tuple[str, ...], fine: bool
) -> None:
    leaf, authority = chains()["rsa2048"].certificates
    rules = {
        "permitted": tuple(NameRule("dns", name) for name in permitted),
        "excluded": tuple(NameRule("dns", name) for name in excluded),
    }
    assert allowed(leaf, replace(authority, **rules)) is fine
