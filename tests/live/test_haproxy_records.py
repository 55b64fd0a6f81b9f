"""Lines to rows: every situation has its outcome, damage costs only itself, loss is a number."""

from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcert.control._client_set import _MIX, ClientSet
from simcert.control.windowing import Grid, Windower
from simcert.live import _columns as columns
from simcert.live._frames import Frames
from simcert.live.haproxy_feed import HaproxyFeed
from simcert.live.haproxy_outcomes import STRANGE_MAX, HaproxyOutcomes
from simcert.live.haproxy_records import SEGMENTS_MAX, HaproxyRecords
from simcert.model import RESUMED, RecordBatch, Window

PACKED = 20 << 23  # OpenSSL's library number of TLS
EPOCH_S = 1_795_489_000


def line(
    number: int = 0,
    arm: str = "new",
    *,
    at_s: float = 1.0,
    error: tuple[int, int] | None = None,
    address: str = "192.0.2.1",
    hello: str = "3194956610",
    resumed: int = 0,
    pid: int = 7,
) -> str:
    kind, fc_err, ssl_err = ("ok", 0, 0) if error is None else ("err", *error)
    head = f"v1|{pid}|{number}|arm_{arm}|{kind}|{EPOCH_S + int(at_s)}.{int(at_s % 1 * 1000):03d}"
    tail = f'{resumed}|TLSv1.3|TLS_AES_256_GCM_SHA384|h2|{hello}|000B000A|""'
    return f"{head}|{address}|4021|12|{fc_err}|{ssl_err}|{tail}"


def framed(text: str) -> bytes:
    message = f"<134>1 2026-11-24T02:58:29.316166+00:00 - haproxy 7 - - {text}".encode()
    return b"%d %s" % (len(message), message)


def parsed(*lines: str, records: HaproxyRecords | None = None) -> RecordBatch:
    text, ends = Frames().take(b"".join(map(framed, lines)))
    return (records or HaproxyRecords(EPOCH_S)).parse(text, ends)


def outcome(*said: int) -> str | None:
    batch = parsed(line(error=(said[0], said[1])))
    return batch.outcomes[batch.outcome[0]] if len(batch) else None


@pytest.mark.parametrize(
    ("error", "seen"),
    [
        ((34, PACKED | 1048), "alert:unknown_ca"),  # curl, openssl
        ((34, PACKED | 1045), "alert:certificate_expired"),
        ((34, PACKED | 1042), "alert:bad_certificate"),  # GnuTLS for the same cause
        ((34, PACKED | 1046), "alert:certificate_unknown"),  # Chromium for every cause
        ((43, PACKED | 1048), "ok_then_alert:unknown_ca"),  # NSS in TLS 1.2
        ((34, 0), "close"),  # Node
        ((0, 0), "ok_then_close"),  # pins, names checked late
        ((26, 0), "hang"),
        ((34, PACKED | 193), "server_abort:handshake_failure"),
        ((34, PACKED | 118), "server_abort:handshake_failure"),
        ((34, PACKED | 258), "server_abort:protocol_version"),
        ((34, PACKED | 156), None),  # plain HTTP
    ],
)
def test_what_each_client_situation_is_called(error: tuple[int, int], seen: str | None) -> None:
    assert outcome(*error) == seen


@pytest.mark.parametrize("exempt", [(), ("192.0.2.",)])
def test_where_a_network_shares_its_coin_it_is_one_client(exempt: tuple[str, ...]) -> None:
    told = [line(i, address=f"192.0.2.{i}", hello=str(77 + i)) for i in range(4)]
    told += [line(4, address="192.0.3.1"), line(5, address="2001:db8:0:1::7")]
    told += [line(6, address="2001:db8:0:1:a::9")]
    by_coin, by_address = (
        parsed(*told, records=HaproxyRecords(EPOCH_S, exempt=exempt, hashed=hashed)).client
        for hashed in (True, False)
    )

    assert len({*by_coin[:4].tolist()}) == 1
    assert len({*by_coin.tolist()}) == 3
    assert len({*by_address.tolist()}) == 7


def test_a_port_scan_is_no_handshake() -> None:
    records = HaproxyRecords(EPOCH_S)

    batch = parsed(
        line(error=(24, 0), hello="-"), line(1, error=(34, 0), hello="-"), records=records
    )

    assert (len(batch), records.ignored, records.unparsed) == (0, 2, 0)


def test_a_row_says_what_its_line_says() -> None:
    batch = parsed(line(3, "old", at_s=2.25, resumed=1), line(4, "new", address="2001:db8::1"))

    assert batch.start_s == pytest.approx([2.25, 1.0], abs=1e-4)
    assert batch.seen_s == pytest.approx([2.262, 1.012], abs=1e-4)
    assert batch.arm.tolist() == [0, 1]
    assert (batch.features & RESUMED).tolist() == [RESUMED, 0]
    assert batch.client[0] != batch.client[1]


def test_clients_are_told_apart_by_address_and_by_hello_and_by_nothing_else() -> None:
    same = parsed(line(0), line(1, "old", at_s=9.0, error=(34, 0)))
    other = parsed(line(0), line(1, hello="12"), line(2, address="192.0.2.10"))

    assert len(set(same.client.tolist())) == 1
    assert len(set(other.client.tolist())) == 3


@given(st.binary(max_size=400), st.integers(0, 300))
def test_damage_never_raises_and_never_costs_a_whole_later_line(noise: bytes, cut: int) -> None:
    good = [framed(line(i, address=f"198.51.100.{i}")) for i in range(3)]
    frames, records = Frames(), HaproxyRecords(EPOCH_S)

    text, ends = frames.take(good[0][min(cut, len(good[0]) - 1) :] + good[1])
    records.parse(text, ends)
    records.parse(*frames.take(noise))
    for _ in range(60):  # whatever length the noise claimed, it is used up
        records.parse(*frames.take(good[2]))
    again = records.parse(*frames.take(good[2]))

    assert len(again) >= 1


@given(st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_frames_do_not_depend_on_how_the_stream_was_cut(sizes: list[int]) -> None:
    data = b"".join(framed(line(i, at_s=i)) for i in range(5))
    frames, starts, at = Frames(), [], 0
    records = HaproxyRecords(EPOCH_S)
    for size in [*sizes, len(data)]:
        text, ends = frames.take(data[at : at + size])
        starts += records.parse(text, ends).start_s.tolist() if ends else []
        at += size

    assert starts == pytest.approx([0.0, 1.0, 2.0, 3.0, 4.0], abs=1e-4)


def test_lines_that_were_lost_are_counted_whatever_their_order() -> None:
    records = HaproxyRecords(EPOCH_S)
    parsed(line(10), line(12), line(11), line(15), line(3, "old"), line(5, "old"), records=records)

    assert records.lost() == 2 + 1
    assert records.lost() == 0
    parsed(line(0, pid=8), line(1, pid=8), records=records)  # after a reload numbers begin again
    assert records.lost() == 0


def test_a_new_process_of_the_same_pid_hides_no_loss() -> None:
    # in a container HAProxy has the same pid after each restart, and numbers begin again
    records = HaproxyRecords(EPOCH_S)
    parsed(*(line(i) for i in (*range(5000), 5001)), records=records)
    assert records.lost() == 1
    parsed(line(5003), line(1), line(2), line(5), records=records)
    assert records.lost() == 1 + 2
    parsed(line(6), line(9), records=records)
    assert records.lost() == 2


def test_a_line_that_others_overtook_before_the_first_hides_no_loss() -> None:
    records = HaproxyRecords(EPOCH_S)
    parsed(line(12), line(11), records=records)
    parsed(line(10), line(14), records=records)

    assert records.lost() == 1


def steps(client: npt.NDArray[np.int64]) -> int:
    """Return in how many rounds a table takes clients in."""
    table, rounds = ClientSet(1000), 0
    claim = table._claim

    def counted(*args: Any) -> Any:
        nonlocal rounds
        rounds += 1
        return claim(*args)

    with patch.object(table, "_claim", counted):
        assert len(table.add(client)) == len(client)
    return rounds


def test_who_chooses_addresses_cannot_make_a_table_of_clients_slow() -> None:
    # a single host owns 2^64 of them; those that fall into one slot cost the square of their number
    told = [f"2001:db8::{i:x}" for i in range(300_000)]
    text, ends = np.frombuffer("".join(told).encode(), np.uint8), np.cumsum([*map(len, told)])
    names = columns.names(text, np.append(0, ends[:-1]), ends).view(np.uint64)
    slot = (names * _MIX) >> np.uint64(64 - 12)
    chosen = [told[i] for i in np.flatnonzero(slot == slot[0])]
    lines = [line(i, address=one, hello="0") for i, one in enumerate(chosen)]
    key = 0xD1342543DE82EF95

    assert len(chosen) > 50
    assert steps(parsed(*lines).client) >= len(chosen)  # without a key
    assert steps(parsed(*lines, records=HaproxyRecords(EPOCH_S, key=key)).client) < 8


class Ring:
    """A receiver that holds what a test puts into it."""

    def __init__(self) -> None:
        self.frames, self.data, self.connected = Frames(), b"", True

    def take(self) -> list[tuple[bytes, list[int]]]:
        data, self.data = self.data, b""
        return [self.frames.take(data)] if data else []

    def close(self) -> None: ...


def feed(ring: Ring) -> HaproxyFeed:
    windower = Windower(Grid(10.0), duplicates=True)
    return HaproxyFeed(ring, HaproxyRecords(EPOCH_S), windower, slice_s=10.0)  # type: ignore[arg-type]


def looked(fed: HaproxyFeed, now_s: float) -> Sequence[Window]:
    """Return the windows that leave after a look at the exposure, which is still 0."""
    fed.exposed(0.0, now_s)
    return fed.poll(now_s)


def test_loss_lowers_completeness_by_its_share() -> None:
    ring = Ring()
    ring.data = b"".join(framed(line(i, address=f"198.51.{i}.1")) for i in range(100) if i % 10)

    (window,) = looked(feed(ring), 10.0)

    assert window.n == 90
    assert window.completeness == pytest.approx(0.9, abs=0.02)


def test_no_window_leaves_before_the_exposure_was_looked_at_after_its_end() -> None:
    fed = feed(Ring())
    fed.exposed(0.1, 8.0)
    assert fed.poll(11.0) == []

    fed.exposed(0.1, 11.0)
    (window,) = fed.poll(11.0)
    assert (window.start_s, window.completeness) == (0.0, 1.0)


def test_before_the_first_look_no_window_is_evidence_of_an_exposure_that_nobody_knows() -> None:
    fed = feed(Ring())

    assert fed.poll(90.0) == []
    assert [one.completeness for one in fed.poll(120.0)] == [0.0, 0.0]


def test_while_the_clock_of_the_records_is_behind_a_look_is_as_late_as_that_clock_says() -> None:
    fed = feed(Ring())
    fed.behind_s = lambda: 4.0
    fed.exposed(0.1, 12.0)  # records of now are dated 8
    assert fed.poll(13.0) == []

    fed.unsure(12.0, 13.0)  # a hand at 12.5 is dated 8.5
    fed.changing(12.0, 13.0)
    fed.exposed(0.7, 15.0)

    (window,) = fed.poll(15.0)
    assert (window.completeness, window.mixed) == (0.0, False)


def test_what_a_hand_changed_since_the_last_look_is_no_evidence_where_it_was_not_yet_told() -> None:
    fed = feed(Ring())
    fed.exposed(0.1, 8.0)
    fed.poll(11.0)
    fed.unsure(8.0, 11.0)
    fed.changing(8.0, 11.0)
    fed.exposed(0.7, 11.0)
    fed.exposed(0.7, 35.0)

    found = fed.poll(35.0)

    assert [one.completeness for one in found] == [0.0, 0.0, 1.0]
    assert [one.mixed for one in found] == [True, True, False]


def test_while_nobody_can_look_windows_wait_and_are_lost_before_they_fill_the_memory() -> None:
    fed = feed(Ring())
    fed.exposed(0.1, 8.0)
    assert fed.poll(100.0) == []

    found = fed.poll(130.0)

    assert [one.completeness for one in found] == [0.0, 0.0, 0.0]
    fed.exposed(0.1, 130.0)
    assert [one.completeness for one in fed.poll(130.0)][1:] == [1.0] * 9


def test_a_day_without_a_look_is_not_gone_through_again_at_every_poll(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fed = feed(Ring())
    fed.exposed(0.1, 8.0)
    fed.poll(86_400.0)
    noted: list[float] = []
    monkeypatch.setattr(fed.windower, "lost", lambda _, at_s: noted.append(at_s))

    fed.poll(86_410.0)

    assert noted == [86_305.0, 86_315.0]


def test_a_network_that_fails_on_purpose_is_one_failure_among_all_the_others() -> None:
    ring = Ring()
    unknown_ca = (34, PACKED | 1048)
    foul = [line(i, address=f"192.0.2.{i}", error=unknown_ca) for i in range(100)]
    fine = [line(100 + i, address=f"198.51.{i}.1") for i in range(100)]
    ring.data = b"".join(map(framed, [*foul, *fine]))

    (window,) = looked(feed(ring), 10.0)

    assert window.tally() == (101, 1, 0, 0)
    assert int(window.attempts.sum()) == 200


def test_silence_of_a_broken_connection_is_never_a_good_window() -> None:
    ring = Ring()
    one = feed(ring)
    one.poll(5.0)
    ring.connected = False
    one.poll(6.0)

    (window,) = looked(one, 10.0)

    assert window.completeness == 0.0


def test_a_line_that_comes_twice_counts_once() -> None:
    ring = Ring()
    ring.data = framed(line(1)) + framed(line(1)) + framed(line(2, at_s=2.0))

    (window,) = looked(feed(ring), 10.0)

    assert window.attempts.sum() == 2


def test_records_of_another_clock_make_the_window_incomplete() -> None:
    ring = Ring()
    ring.data = framed(line(1, at_s=500.0))
    one = feed(ring)

    (window,) = looked(one, 10.0)

    assert one.skewed == 1
    assert window.completeness == 0.0


def test_names_stay_bounded_whatever_scanners_send() -> None:
    records, outcomes = HaproxyRecords(EPOCH_S), HaproxyOutcomes()
    rng = np.random.default_rng(1)
    for hello in rng.integers(1, 2**31, 200).tolist():
        batch = parsed(*(line(i, hello=str(hello)) for i in range(60)), records=records)
        assert len(batch.segments) == 1
    seen = {outcomes.of(34, PACKED | (1000 + code), True) for code in range(1, 256)}

    assert len(records._named) == SEGMENTS_MAX
    assert len(seen) <= STRANGE_MAX + 32
