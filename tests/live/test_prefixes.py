"""Networks of addresses: /24 and /48 share a name, loopback and what is exempt has none."""

from ipaddress import ip_address, ip_network

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simcert.control.influence import NO_SOURCE
from simcert.live._prefixes import LOOPBACK, prefixes


def named(*addresses: str, exempt: tuple[str, ...] = LOOPBACK) -> list[int]:
    text = "|" + "|".join(addresses) + "|"
    bars = [i for i, letter in enumerate(text) if letter == "|"]
    letters = np.frombuffer(text.encode(), np.uint8)
    begin, end = np.array(bars[:-1], np.int64) + 1, np.array(bars[1:], np.int64)
    return prefixes(letters, begin, end, exempt).tolist()


@given(st.lists(st.ip_addresses(v=4).map(str), min_size=2, max_size=8))
def test_ipv4_addresses_share_a_name_if_they_share_a_24(addresses: list[str]) -> None:
    names = named(*addresses, exempt=())
    networks = [ip_network(f"{a}/24", strict=False) for a in addresses]
    for i, one in enumerate(networks):
        for j, other in enumerate(networks):
            assert (names[i] == names[j]) == (one == other)


@given(st.integers(1, 2**16 - 1), st.lists(st.integers(2**64, 2**80 - 1), min_size=2, max_size=4))
def test_ipv6_addresses_of_one_48_share_a_name(group: int, rests: list[int]) -> None:
    base = int(ip_address(f"2001:db8:{group:x}::"))
    told = [str(ip_address(base + (rest | 1 << 79))) for rest in rests]
    assert len(set(named(*told))) == 1
    assert named(told[0]) != named(f"2001:db9:{group:x}:1::1")


def test_what_is_exempt_has_no_source_and_what_is_no_address_is_one_by_itself() -> None:
    assert named("127.0.0.1", "::1", "192.0.2.7", exempt=(*LOOPBACK, "192.0.2.")) == [NO_SOURCE] * 3
    unix, short = named("unix:1", "-")
    assert len({unix, short, NO_SOURCE}) == 3
