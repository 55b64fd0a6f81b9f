"""A real Redis: each window counts once, one leader at a time, a reset is noticed."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from live_rig import Rig, controller, finished, free_port, until

from simcert.control.joining import Joiner
from simcert.control.lease import Lease
from simcert.errors import MachineError
from simcert.live.redis_feed import RedisFeed
from simcert.live.redis_store import RedisStore
from simcert.live.redis_windows import RedisWindows
from simcert.model import Window

pytestmark = pytest.mark.server


class Server:
    """A redis-server of one's own, in a private folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        quiet = ["--loglevel", "warning", "--save", "", "--appendonly", "yes"]
        where = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        self.process = subprocess.Popen(["redis-server", *where, *quiet], stdout=subprocess.DEVNULL)
        until(self.answers)

    def answers(self) -> bool:
        store = self.store()
        try:
            return bool(store.call("PING"))
        except MachineError:
            return False
        finally:
            store.close()

    def store(self) -> RedisStore:
        return RedisStore(f"redis://127.0.0.1:{self.port}", "shop", timeout_s=1.0)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


@pytest.fixture
def server() -> Iterator[Server]:
    if shutil.which("redis-server") is None:
        if "CI" in os.environ:
            pytest.fail("redis-server is missing: apt-get install redis-server")
        pytest.skip("needs redis-server: apt-get install redis-server")
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


def window(source: str, start_s: float = 0.0, failed: int = 0) -> Window:
    times = {"start_s": start_s, "end_s": start_s + 60.0, "exposure": 0.1}
    return Window.of(new=(10, failed), old=(90, 0), **times, source=source)


def feed(store: RedisStore, *sources: str) -> RedisFeed:
    return RedisFeed(RedisWindows(store), Joiner(sources, wait_s=30.0))


def test_a_window_that_is_delivered_again_counts_once(store: RedisStore) -> None:
    windows = RedisWindows(store)

    assert windows.push([window("a"), window("b"), window("a", 60.0)]) == 3
    assert windows.push([window("a"), window("b"), window("a", failed=9)]) == 0
    (joined,) = feed(store, "a", "b").poll(60.0)

    assert joined.n == 200
    assert joined.tally().f_new == 0
    assert joined.source == "a+b"


def test_a_node_that_is_missing_lowers_completeness_and_stops_nobody(store: RedisStore) -> None:
    one = feed(store, "a", "b")
    RedisWindows(store).push([window("a")])

    assert one.poll(80.0) == []
    (joined,) = one.poll(95.0)

    assert joined.completeness == 0.5
    RedisWindows(store).push([window("b")])
    assert one.poll(96.0) == []


def test_a_window_of_a_stranger_is_an_error_and_never_evidence(store: RedisStore) -> None:
    RedisWindows(store).push([window("mallory")])

    with pytest.raises(MachineError, match="mallory"):
        feed(store, "a").poll(95.0)


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

    assert [one["entry"] for one in other.entries()] == ["start", "by other"]
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
    assert store.check_durable() == ""
    windows = RedisWindows(store)
    windows.push([window("a", 60.0 * i) for i in range(20)])
    store.append({"entry": "start"})

    server.kill()
    with pytest.raises(MachineError):
        store.get("x")
    server.start()

    again = server.store()
    assert len(RedisWindows(again).since(-1.0)) == 20
    assert len(again.entries()) == 1
    again.close()


def test_long_histories_are_read_in_batches(store: RedisStore) -> None:
    windows = [replace(window("a", 60.0 * i)) for i in range(450)]
    RedisWindows(store).push(windows)

    joined = feed(store, "a").poll(1e6)

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
