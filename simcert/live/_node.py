"""`simcert live node`: records of this server's HAProxy to Redis, orders from Redis to HAProxy.

Windows leave in a thread of their own, in batches; while Redis is away a bounded number waits. The
rules are `simcert.control.node` and `simcert.control.outbox`.
"""

import contextlib
import dataclasses
import json
import logging
import signal
import threading
import time
from pathlib import Path
from typing import Any

from simcert.control.node import Node
from simcert.control.orders import Order
from simcert.control.outbox import Numbered, Outbox
from simcert.control.windowing import Grid
from simcert.errors import InputError, MachineError, UnknownNameError
from simcert.live import _node_metrics as metrics
from simcert.live._clock import Clock
from simcert.live._config import LiveConfig, RedisTable
from simcert.live._fleet import aligned_s, first_slice
from simcert.live._flight import bundles
from simcert.live._logging import event
from simcert.live._notify import notify
from simcert.live._page import Page
from simcert.live._run_folder import folder
from simcert.live._setup import HaproxySetup, fleet_of
from simcert.live._terminator import Terminator
from simcert.live.haproxy_actuator import write_private
from simcert.live.redis_store import RedisStore
from simcert.live.redis_windows import RedisWindows
from simcert.model import ARMS

log = logging.getLogger("simcert.live")
STEP_S = (0.05, 1.0)  # a node looks for orders five times a tick, within these limits


def node(config: LiveConfig, name: str) -> dict[str, Any]:
    """Run the node until a signal; InputError if the configuration names no such node."""
    if config.redis is None or not config.nodes:
        raise InputError(f"{config.path}: [redis] names no nodes; docs/live.md, Many servers")
    if name not in config.nodes:
        raise UnknownNameError("node", name, config.nodes)
    folder(config)
    one = NodeFlight(config, config.redis, name)
    try:
        one.run()
    finally:
        one.close()
    return {"node": name, "epoch": one.node.epoch, "lost": one.outbox.lost, "end": "stopped"}


class NodeFlight:
    """Everything of one node: its HAProxy, its windows, its place in the fleet."""

    def __init__(self, config: LiveConfig, table: RedisTable, name: str) -> None:
        assert config.haproxy is not None  # the configuration was checked
        plan = config.plan
        self._stop = threading.Event()
        self._pause_s = min(max(config.tick / 5.0, STEP_S[0]), STEP_S[1])
        self._grid = Grid(plan.window_s, plan.slices)
        self.clock = Clock(aligned_s(time.time(), plan.window_s))
        self._first = first_slice(self.clock.epoch_s, self._grid)
        found = bundles(config)
        self.setup = HaproxySetup(config, config.haproxy)
        self.setup.prepare(found, fresh=not self.setup.serves(found), touch=True)
        self.feed = self.setup.feed(self.clock, found)
        terminator = Terminator(self.setup.actuator, self.feed, self.clock.now)
        self._probes = fleet_of(config, found)
        if self._probes is not None:
            self._probes.start()
            terminator.refusal = lambda: self._probes.refusal if self._probes else ""
        self.outbox = Outbox(table.buffer)
        self._fence = Fence(config.run / "fence.json", table.rollout)
        self._stores = [RedisStore(table.url, table.rollout) for _ in range(2)]
        served = tuple(found[arm].serial for arm in ARMS)
        self.node = Node(
            name,
            self._stores[0],
            terminator,
            time.monotonic,
            config.leash_s,
            plan.safe_exposure,
            self._fence.write,
            self._fence.read(),
            served=lambda: served,
            lost=lambda: self.outbox.lost,
            born=int(time.time()),
        )
        self._sender = threading.Thread(target=self._send, name="sender", daemon=True)
        self._lock = threading.Lock()
        self._sent, self._stepped_s = 0, 0.0
        listen = config.page.node_listen if config.page else None
        self._page = self._served(listen, config) if listen else None

    def _served(self, listen: str, config: LiveConfig) -> Page:
        def scrape() -> bytes:
            return metrics.text(self.status())

        def healthy() -> bool:
            return time.time() - self._stepped_s < 3.0 * self._pause_s + 5.0

        access = config.access()
        with config.told("page"):
            return Page(listen, self.status, scrape, healthy, access, html=None)

    def status(self) -> dict[str, Any]:
        """Return how this node does, as JSON values."""
        health, node = self.setup.health(), self.node
        return {
            "node": node.name,
            "exposure_ratio": node.in_force,
            "order": list(node.rank),
            "orders_refused": node.refused,
            "windows_sent": self._sent,
            "windows_waiting": len(self.outbox),
            "windows_lost": self.outbox.lost,
            "records": health["lines"],
            "records_lost": health["lost"],
            "connected": health["connected"],
            "trouble": node.trouble,
            "last_step_timestamp_seconds": self._stepped_s,
        }

    def run(self) -> None:
        """Step until a signal comes; MachineError if another process took this node over."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        self._sender.start()
        said = ""
        while not self._stop.is_set():
            if not self.step():
                raise MachineError(f"another process runs as node {self.node.name}")
            if self.node.trouble != said:
                said = self.node.trouble
                log.warning("%s", said or "fine again", extra=event("trouble" if said else "fine"))
            notify("READY=1\nWATCHDOG=1")
            self._stop.wait(self._pause_s)

    def step(self) -> bool:
        """Close windows, obey, report; the windows first, for they know the exposure before."""
        self.clock.take_jump()
        now_s = self.clock.now()
        for window in self.feed.poll(now_s):
            number = self._first + round(window.start_s / self._grid.slice_s)
            with self._lock:
                self.outbox.put(Numbered(number, window))
        mine = self.node.step()
        self._stepped_s = time.time()
        return mine

    def _send(self) -> None:
        windows = RedisWindows(self._stores[1])
        while not self._stop.wait(self._pause_s):
            while self.node.epoch and not self._stop.is_set():
                with self._lock:
                    batch = self.outbox.batch()
                if not batch or not self._pushed(windows, batch):
                    break

    def _pushed(self, windows: RedisWindows, batch: list[Numbered]) -> bool:
        try:
            windows.push(self.node.name, self.node.epoch, batch)
        except MachineError as error:
            log.debug("%d windows wait: %s", len(self.outbox), error)
            return False
        with self._lock:
            self.outbox.delivered(batch)
            self._sent += len(batch)
        return True

    def close(self) -> None:
        """Let go of sockets; the exposure stays, and the leash of the next life begins anew."""
        notify("STOPPING=1")
        self._stop.set()
        if self._sender.is_alive():
            self._sender.join(5.0)
        for served in (self._probes, self._page):
            if served is not None:
                served.close()
        self.setup.close()
        for one in self._stores:
            one.close()


class Fence:
    """The last order that mattered, in a file: a restart must not forget it."""

    def __init__(self, path: Path, rollout: str) -> None:
        self._path, self._rollout = path, rollout

    def read(self) -> Order | None:
        """Return the order; None for a rollout that was never seen."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            found = json.loads(self._path.read_text(encoding="ascii"))
            if found["rollout"] == self._rollout:
                return Order.read(json.dumps(found["order"]))
        return None

    def write(self, order: Order) -> None:
        """Keep an order; MachineError if the disk does not take it."""
        kept = {"rollout": self._rollout, "order": dataclasses.asdict(order)}
        write_private(self._path, json.dumps(kept) + "\n")
