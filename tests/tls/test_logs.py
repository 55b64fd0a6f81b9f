"""Log lines become counts of ClientHellos: every line is counted once, nothing is guessed."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcert.tls._logs_xxh32 import xxh32
from simcert.tls.logs import count_hellos
from simcert.tls.logs_hello import NAMELESS, LoggedHello, decoded, is_grease

HEAD = "7|1|arm_old|ok|1764000000.001|192.0.2.1|40001|5|0|0|0|TLSv1.3|TLS_AES_128_GCM_SHA256|h2"
V2 = f'v2|{HEAD}|13011302C02B|0000000A000D002B|001D0017|04030804|03040303|"www.example.org"'
V1 = f'v1|{HEAD}|3001234567|0000000A000D|"www.example.org"'
NG = (
    "ng1|1764000000.001|192.0.2.1|17|1|.|TLSv1.3|TLS_AES_128_GCM_SHA256|"
    'TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256:0x00ff|X25519:prime256v1|"www.example.org"'
)


def read(line: str) -> LoggedHello | None:
    ((kind, text),) = count_hellos(io.BytesIO(line.encode())).hellos
    return decoded(kind, text)


def test_haproxy_lists_are_read_in_order() -> None:
    hello = read(V2)
    assert hello is not None
    assert hello.suites == (0x1301, 0x1302, 0xC02B)
    assert hello.extensions == (0, 10, 13, 43)
    assert (hello.groups, hello.sigalgs) == ((0x1D, 0x17), (0x403, 0x804))
    assert hello.versions == (0x304, 0x303)


def test_haproxy_hash_is_a_hash_and_a_list_is_a_list() -> None:
    assert read(V1) == LoggedHello(suites_hash=3001234567, extensions=(0, 10, 13))
    assert read(V1.replace("3001234567", "130113021303")) == LoggedHello(
        suites=(0x1301, 0x1302, 0x1303), extensions=(0, 10, 13)
    )


def test_nginx_names_are_numbers() -> None:
    hello = read(NG)
    assert hello is not None
    assert hello.suites == (0x1301, 0xC02F, 0x00FF)
    assert (hello.groups, hello.negotiated) == ((0x1D, 0x17), 0x304)


def test_nginx_may_know_names_that_we_do_not() -> None:
    hello = read(NG.replace("X25519:prime256v1", "X25519:sect571k1").replace("0x00ff", "NEW-SUITE"))
    assert hello is not None
    assert hello.groups == (0x1D, NAMELESS)
    assert hello.suites == (0x1301, 0xC02F, NAMELESS)


def test_a_syslog_header_and_a_hostile_server_name_do_not_matter() -> None:
    plain = read(V2)
    assert read(f"<134>Nov 24 02:00:00 lb1 haproxy[7]: {V2}") == plain
    assert read(V2.replace("www.example.org", 'a|b\\"]|v2|x')) == plain


def test_every_line_is_handshake_silent_or_unparsed() -> None:
    probe = V2.replace("13011302C02B|0000000A000D002B|001D0017|04030804|03040303", "||||")
    second = NG.replace("|17|1|", "|17|2|")
    lines = [V2, V2, V1, NG, probe, second, "hello", "", "v2|cut", V2[:-20]]
    counts = count_hellos(io.BytesIO("\n".join(lines).encode()))
    assert (counts.lines, counts.handshakes, counts.unparsed) == (10, 4, 4)
    assert sorted(counts.hellos.values()) == [1, 1, 2]


def test_distinct_hellos_are_bounded_and_the_rest_is_counted() -> None:
    lines = [V2.replace("C02B", f"{i:04X}") for i in range(100)] * 2
    counts = count_hellos(io.BytesIO("\n".join(lines).encode()), hellos_max=10)
    assert len(counts.hellos) == 10
    assert counts.forgotten == 180
    assert sum(counts.hellos.values()) + counts.forgotten == counts.handshakes == 200


def test_a_file_without_line_ends_takes_bounded_memory() -> None:
    counts = count_hellos(io.BytesIO(b"x" * 1_000_000))
    assert counts.unparsed == counts.lines == 16


def test_grease_is_taken_out() -> None:
    assert [c for c in range(65_536) if is_grease(c)] == [0x1010 * i + 0x0A0A for i in range(16)]
    hello = read(V2.replace("13011302C02B", "0A0A1301FAFA"))
    assert hello is not None
    assert hello.suites == (0x1301,)


@pytest.mark.parametrize("broken", ["13", "13XX", "130"])
def test_a_list_that_is_no_list_is_no_hello(broken: str) -> None:
    assert read(V2.replace("13011302C02B", broken)) is None


@given(st.binary(max_size=400))
def test_no_line_is_ever_an_unhandled_error(line: bytes) -> None:
    for content in (line, b"v2|" + line, V2.encode()[:130] + line, V1.encode()[:120] + line):
        counts = count_hellos(io.BytesIO(content))
        assert counts.handshakes + counts.unparsed <= counts.lines
        for kind, text in counts.hellos:
            decoded(kind, text)


@pytest.mark.parametrize(
    ("data", "value"),
    [  # published test vectors of xxHash
        (b"", 0x02CC5D05),
        (b"a", 0x550D7456),
        (b"abc", 0x32D153FF),
        (b"Nobody inspects the spammish repetition", 0xE2293B2F),
    ],
)
def test_hash_is_that_of_haproxy(data: bytes, value: int) -> None:
    assert xxh32(data) == value
