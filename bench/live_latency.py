"""From the close of a window to the weight in force: one machine, and a fleet over Redis.

What is measured is work: windows, evidence, decision, journal on disk, a real HAProxy that is set
and read back; in the fleet also both ways through a real Redis. On top of it comes waiting: at most
a tick of the controller, and a fifth of a tick of the node.
"""

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench._live_rig import Redis, Rig
from bench._results import Bar, asked, write
from simcert.control.fleet import Fleet
from simcert.control.joining import Joiner
from simcert.control.loop import Loop
from simcert.control.node import Node
from simcert.control.outbox import Numbered
from simcert.control.plan import Plan
from simcert.control.rollout import Rollout
from simcert.control.windowing import Grid
from simcert.live._flight import analyzer_maker
from simcert.live._journal_file import FileJournal
from simcert.live._journal_store import StoreJournal
from simcert.live.haproxy_actuator import HaproxyActuator
from simcert.live.redis_feed import RedisFeed
from simcert.live.redis_windows import RedisWindows
from simcert.model import Window
from simcert.scenario import policies

WINDOWS = 200
POLICY = "fixed_linear:step=0.002,every_s=60"


def window(number: int, exposure: float) -> Window:
    """Return a window of 5000 units."""
    new = int(5000 * exposure)
    times = {"start_s": 60.0 * number, "end_s": 60.0 * number + 60.0, "exposure": exposure}
    return Window.of(new=(new, 0), old=(5000 - new, 25), **times, source="a")


def rollout() -> Rollout:
    """Return a rollout that moves at every window."""
    policy = policies.parse(POLICY)
    return Rollout(policy, analyzer_maker(policy), Plan())


class Counting:
    """HAProxy's actuator, and how often it was asked to change something."""

    def __init__(self, actuator: HaproxyActuator) -> None:
        self.actuator, self.sets = actuator, 0

    def apply(self, exposure: float, now_s: float) -> None:
        """Set the weight."""
        self.sets += 1
        self.actuator.apply(exposure, now_s)

    def read_back(self, now_s: float) -> float:
        """Tell the weight."""
        return self.actuator.read_back(now_s)


class Given:
    """A feed that holds the windows that were closed."""

    def __init__(self) -> None:
        self.windows: list[Window] = []

    def poll(self, now_s: float) -> list[Window]:
        """Return them once."""
        del now_s
        found, self.windows = self.windows, []
        return found


def alone(actuator: Counting, folder: Path) -> list[float]:
    """Return seconds per window on one machine, journal on disk."""
    feed, journal = Given(), FileJournal(folder / "journal.jsonl")
    loop = Loop(rollout(), feed, actuator, journal)

    def step(number: int) -> None:
        feed.windows.append(window(number, loop.rollout.exposure))
        loop.step(60.0 * number + 60.0)

    found = timed(step, lambda: None, actuator)
    journal.close()
    return found


def fleet(actuator: Counting, redis: Redis) -> list[float]:
    """Return seconds per window from a node through Redis to the leader and back to the node."""
    store, nodes = redis.store(), ("a",)
    windows, now = RedisWindows(store), [0.0]
    joiner = Joiner(nodes, Grid(60.0), wait_s=10.0)
    leader = Fleet(store, nodes, 1, away_s=1e9)
    loop = Loop(rollout(), RedisFeed(windows, joiner), leader, StoreJournal(store))
    own = redis.store()
    node = Node("a", own, actuator, lambda: now[0], 1e9, 0.05, lambda _: None)
    node.step()

    def step(number: int) -> None:
        windows.push("a", 1, [Numbered(number, window(number, loop.rollout.exposure))])
        now[0] = 60.0 * number + 60.0
        loop.step(now[0])
        node.step()

    def settle() -> None:
        leader.read_back(now[0])
        node.step()

    found = timed(step, settle, actuator)
    store.close()
    own.close()
    return found


def timed(
    step: Callable[[int], None], settle: Callable[[], None], actuator: Counting
) -> list[float]:
    """Return how long each window took after which the weight was set."""
    took: list[float] = []
    for number in range(4 * WINDOWS):
        before, began = actuator.sets, time.perf_counter()
        step(number)
        if actuator.sets > before:
            took.append(time.perf_counter() - began)
        if len(took) == WINDOWS:
            break
        try:
            settle()
        except OSError:
            continue  # nothing was seen twice of the node yet
    return took


def main() -> None:
    """Measure, print, write `results/bench/live_latency.json`."""
    folder = Path(tempfile.mkdtemp(prefix="simcert"))
    rig, redis = Rig(folder), Redis(folder)
    try:
        actuator = Counting(rig.start(rig.config()))
        took = {"one machine": alone(actuator, folder)}
        alone_at = actuator.read_back(0.0)
        actuator.apply(0.0, 0.0)
        took["a node over Redis"] = fleet(actuator, redis)
        print(f"in force at the end: {alone_at:g}, {actuator.read_back(0.0):g}")
    finally:
        rig.close()
        redis.kill()
        shutil.rmtree(folder)
    bars = [
        Bar(f"window closed to weight set, {name}, p{q}, ms", 1000 * value, limit, n=len(seconds))
        for name, seconds in took.items()
        for q, limit in ((50, 100.0), (99, 500.0))
        for value in [float(np.quantile(seconds, q / 100.0))]
    ]
    write("live_latency", bars, seeds=[])


if __name__ == "__main__":
    asked(__doc__)
    main()
