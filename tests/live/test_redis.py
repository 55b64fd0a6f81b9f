"""A real Redis: each window counts once, one leader at a time, a reset is noticed."""

import json
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from live_fleet import Redis as Server
from live_rig import Rig, controller, finished, until

from simcert.control.joining import Joiner
from simcert.control.lease import Lease
from simcert.control.outbox import Numbered
from simcert.control.windowing import Grid
from simcert.errors import InputError, MachineError
from simcert.live._leader import Leader
from simcert.live._preflight import forgetful
from simcert.live.redis_feed import RedisFeed
from simcert.live.redis_store import RedisStore, sealed
from simcert.live.redis_windows import RedisWindows
from simcert.model import Window

pytestmark = pytest.mark.server


@pytest.fixture
def server(needed: Callable[..., None]) -> Iterator[Server]:
    needed("redis-server")
    folder = Path(tempfile.mkdtemp(prefix="simcert"))
    one = Server(folder)
    yield one
    one.kill()
    shutil.rmtree(folder)


@pytest.fixture
def store(server: Server) -> Iterator[RedisStore]:
    one = server.store()
    yield one
    one.close()


def window(source: str, failed: int = 0, number: int = 0) -> Window:
    times = {"start_s": 60.0 * number, "end_s": 60.0 * number + 60.0, "exposure": 0.1}
    return Window.of(new=(10, failed), old=(90, 0), **times, source=source)


def sent(source: str, *numbers: int, failed: int = 0) -> list[Numbered]:
    return [Numbered(n, window(source, failed, n)) for n in numbers]


def feed(store: RedisStore, *nodes: str) -> RedisFeed:
    return RedisFeed(RedisWindows(store), Joiner(nodes, Grid(60.0), wait_s=30.0))


def test_a_window_that_is_delivered_again_counts_once(store: RedisStore) -> None:
    windows = RedisWindows(store)

    assert windows.push("a", 1, sent("a", 0, 1)) == 2
    assert windows.push("b", 1, sent("b", 0)) == 1
    assert windows.push("a", 1, sent("a", 0, 1, failed=9)) == 0
    (joined,) = feed(store, "a", "b").poll(60.0)

    assert joined.n == 200
    assert joined.tally().f_new == 0
    assert joined.source == "a+b"


def test_a_node_that_is_missing_lowers_completeness_and_stops_nobody(store: RedisStore) -> None:
    one = feed(store, "a", "b")
    RedisWindows(store).push("a", 1, sent("a", 0))

    assert one.poll(80.0) == []
    (joined,) = one.poll(95.0)

    assert joined.completeness == 0.5
    RedisWindows(store).push("b", 1, sent("b", 0))
    assert one.poll(96.0) == []


def test_windows_of_two_lives_of_a_node_are_told_apart(store: RedisStore) -> None:
    RedisWindows(store).push("a", 1, sent("a", 0))
    assert RedisWindows(store).push("a", 2, sent("a", 0)) == 1

    (joined,) = feed(store, "a").poll(95.0)

    assert (joined.n, joined.completeness) == (0, 0.0)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("1/mallory", "{}"),
        ("x/a", "{}"),
        ("1/a", "rubbish"),
        ("1/a", sealed('{"segments": [], "outcomes": []}')),
        ("1/a", sealed("[" * 100_000)),
        ("1/a", sealed(json.dumps({"segments": ["x"] * 9000, "outcomes": ["ok"] * 100}))),
        ("1/a", "00000000 {}"),
        ("1/b", None),
    ],
)
def test_rubbish_and_strangers_stop_nobody_and_are_never_evidence(
    store: RedisStore, field: str, text: str | None
) -> None:
    fine = sealed(json.dumps(window("b").to_dict()))
    store.call("HSET", store.key("w:0"), field, fine if text is None else text)
    store.call("ZADD", store.key("w"), 0, "0")
    store.call("ZADD", store.key("w"), 0, "no number")

    (joined,) = feed(store, "a").poll(95.0)

    assert (joined.n, joined.completeness) == (0, 0.0)


def test_a_journal_that_was_garbled_is_told_and_never_replayed(store: RedisStore) -> None:
    store.append({"entry": "start"})
    assert len(store.entries()) == 1
    store.call(
        "LSET", store.key("journal"), 0, sealed('{"entry":"start"}').replace("start", "stert")
    )

    with pytest.raises(InputError, match="checksum"):
        store.entries()


def test_values_change_only_from_the_version_that_was_read(store: RedisStore) -> None:
    assert store.get("x") == (None, 0)
    assert store.compare_and_set("x", "1", 0)
    assert not store.compare_and_set("x", "2", 0)
    assert store.get("x") == ("1", 1)


def test_two_writers_never_mix_their_journals(server: Server, store: RedisStore) -> None:
    other = server.store()
    store.append({"entry": "start"})
    assert other.entries() == [{"entry": "start"}]
    other.append({"entry": "by other"})

    with pytest.raises(MachineError, match="another controller"):
        store.append({"entry": "too late"})

    assert store.overtaken
    assert [one["entry"] for one in other.entries()] == ["start", "by other"]
    other.close()


def test_who_was_overtaken_reads_the_journal_and_goes_on(store: RedisStore, server: Server) -> None:
    store.append({"entry": "start"})
    other = server.store()
    other.entries()
    other.append({"entry": "by other"})
    with pytest.raises(MachineError):
        store.append({"entry": "too late"})

    assert len(store.entries()) == 2
    assert not store.overtaken
    store.append({"entry": "now"})
    other.close()


def test_one_leader_at_a_time_and_each_next_one_with_a_higher_token(server: Server) -> None:
    first, second = server.store(), server.store()
    a, b = Lease(first, "a", 15.0), Lease(second, "b", 15.0)

    held = a.take(0.0)
    assert held is not None
    assert b.take(0.0) is None
    assert b.take(14.0) is None
    assert a.held(16.0) is None
    later = b.take(30.0)

    assert later is not None
    assert later.token > held.token
    assert a.take(30.0) is None
    first.close()
    second.close()


def test_what_was_acknowledged_survives_a_kill(server: Server, store: RedisStore) -> None:
    RedisWindows(store).push("a", 1, sent("a", *range(20)))
    store.append({"entry": "start"})

    server.kill()
    with pytest.raises(MachineError):
        store.get("x")
    server.start()

    again = server.store()
    assert len([*RedisWindows(again).since(0)]) == 20
    assert len(again.entries()) == 1
    again.close()


def test_long_histories_are_read_in_batches(store: RedisStore) -> None:
    RedisWindows(store).push("a", 1, sent("a", *range(450)))

    joined = feed(store, "a").poll(60.0 * 450)

    assert [one.start_s for one in joined] == [60.0 * i for i in range(450)]


@pytest.mark.slow
def test_when_the_leader_is_killed_the_next_one_goes_on_with_its_journal(
    server: Server, store: RedisStore, rig: Rig
) -> None:
    url = f"redis://127.0.0.1:{server.port}"
    shared = f'[redis]\nurl = "{url}"\nrollout = "shop"\nttl_s = 2.0'
    config = rig.config("fixed_linear:step=0.25,every_s=2.0", haproxy=shared)
    actuator = rig.start(config)
    first = controller(config, "--unvalidated")
    until(lambda: actuator.read_back(0.0) == 0.25, 20.0)
    second = controller(config, "--unvalidated")
    until(lambda: actuator.read_back(0.0) == 0.5, 20.0)
    first.kill()
    first.communicate()

    code, shown, err = finished(second, 40.0)

    assert (code, shown["end"]) == (0, "complete"), err[-2000:]
    entries = store.entries()
    decided = [one["exposure"] for one in entries if one["entry"] == "decision"]
    assert decided == sorted(decided)
    assert [one["entry"] for one in entries].count("start") == 1
    assert store.get("lease")[1] > 1


def test_a_leader_whose_redis_hangs_raises_nothing_once_its_lease_is_about_to_end(
    server: Server, store: RedisStore
) -> None:
    leader = Leader(store, ttl_s=4.0)
    assert leader.leads()
    assert leader.refusal() == ""
    assert server.process is not None

    server.process.send_signal(signal.SIGSTOP)
    try:
        until(lambda: not leader.leads(), 10.0)
        assert leader.refusal() == "the lease is about to end"
    finally:
        server.process.send_signal(signal.SIGCONT)

    until(leader.leads, 10.0)
    assert leader.refusal() == ""


def test_who_stands_by_says_for_whom_and_when_that_changes(
    server: Server, store: RedisStore, caplog: pytest.LogCaptureFixture
) -> None:
    Lease(server.store(), "edge7/12", 60.0).take(0.0)
    leader, looks = Leader(store, ttl_s=0.1), iter(range(6))
    caplog.set_level("INFO", "simcert.live")

    def stopped() -> bool:
        look = next(looks)
        if look == 3:
            server.kill()
        return look == 5

    assert not leader.stand_by(stopped)
    other, silence = [one.getMessage() for one in caplog.records]
    assert other == "standing by: another controller leads: 'edge7/12'"
    assert silence.startswith("standing by: nobody knows who leads: redis ")


def test_a_redis_that_forgets_is_told_and_one_that_may_not_be_asked_is_not(
    server: Server, store: RedisStore
) -> None:
    assert forgetful(store) == ""
    store.call("CONFIG SET", "appendonly", "no")
    assert forgetful(store).startswith(f"redis://127.0.0.1:{server.port} keeps no append-only file")

    store.call("ACL SETUSER", "shy", "on", "nopass", "~*", "+@all", "-config")
    shy = RedisStore(f"redis://shy:any@127.0.0.1:{server.port}", "shop")
    assert shy.call("PING")
    assert forgetful(shy) == ""
    shy.close()


def test_a_lease_that_was_taken_by_another_one_is_lost_at_the_next_look(server: Server) -> None:
    first, second = server.store(), server.store()
    a, b = Lease(first, "a", 2.0), Lease(second, "b", 2.0)
    held = a.take(0.0)
    b.take(0.0)
    taken = b.take(3.0)

    assert held is not None
    assert taken is not None
    assert taken.token == held.token + 1
    assert a.take(1.0) is None, "the store says so, whatever our clock believes"
    assert not a.may_raise(1.0)
    first.close()
    second.close()
