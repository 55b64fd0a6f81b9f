"""Windows of 1, 4 and 16 nodes through a real Redis: pushed, joined and merged per second."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from bench._live_rig import free_port, until
from bench._results import Bar, asked, write
from simcert.control.joining import Joiner
from simcert.control.outbox import BATCH, Numbered
from simcert.control.windowing import Grid
from simcert.errors import MachineError
from simcert.live.redis_feed import RedisFeed
from simcert.live.redis_store import RedisStore
from simcert.live.redis_windows import RedisWindows
from simcert.model import Window

SLICES = 400


def per_s(url: str, nodes: int) -> float:
    """Return windows per second from push to the joined window."""
    store = RedisStore(url, f"bench{nodes}")
    windows = RedisWindows(store)
    names = tuple(f"node{i}" for i in range(nodes))
    slices = max(SLICES // nodes, 25)
    batches = [
        [
            Numbered(
                i, Window.of(new=(50, 1), old=(950, 9), start_s=60.0 * i, end_s=60.0 * i + 60.0)
            )
            for i in range(slices)
        ]
        for _ in names
    ]
    feed = RedisFeed(windows, Joiner(names, Grid(60.0)))
    began = time.perf_counter()
    for name, batch in zip(names, batches, strict=True):
        for at in range(0, slices, BATCH):
            windows.push(name, 1, batch[at : at + BATCH])
    joined = feed.poll(60.0 * slices)
    took_s = time.perf_counter() - began
    assert sum(one.n for one in joined) == 1000 * nodes * slices
    store.close()
    return nodes * slices / took_s


def main() -> None:
    """Measure, print, write `results/bench/live_redis.json`."""
    folder, port = Path(tempfile.mkdtemp(prefix="simcert")), free_port()
    where = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    server = subprocess.Popen(
        ["redis-server", *where, "--appendonly", "yes"], stdout=subprocess.DEVNULL
    )
    url = f"redis://127.0.0.1:{port}"
    try:
        until(lambda: _answers(url))
        bars = [
            Bar(f"windows merged per second, {n} nodes", per_s(url, n), 500, at_least=True)
            for n in (1, 4, 16)
        ]
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(folder)
    write("live_redis", bars, seeds=[])


def _answers(url: str) -> bool:
    try:
        return bool(RedisStore(url, "bench").call("PING"))
    except MachineError:
        return False


if __name__ == "__main__":
    asked(__doc__)
    main()
