"""A fleet of one's own: one Redis, several HAProxies with a node each, one configuration."""

import contextlib
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from live_rig import Rig, free_port, until

from simcert.errors import MachineError
from simcert.live._config import LiveConfig
from simcert.live.haproxy_actuator import HaproxyActuator
from simcert.live.redis_store import RedisStore

NAMES = ("edge1", "edge2")
FAST = {"window_s": 1.0, "slices": 2, "tick_s": 0.2, "grace_s": 0.2}


class Redis:
    """A redis-server of one's own, in a private folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

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

    def store(self, rollout: str = "shop") -> RedisStore:
        return RedisStore(self.url, rollout, timeout_s=1.0)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


class Door:
    """A way to a server on which every request takes `delay_s` longer."""

    def __init__(self, port: int) -> None:
        self.delay_s = 0.0
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._threads = [threading.Thread(target=self._run)]
        self._threads[0].start()

    def _run(self) -> None:
        with contextlib.suppress(OSError), self._listener:  # until it is shut
            while True:
                near, _ = self._listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._to))
                except OSError:
                    near.close()
                    continue
                for way in ((near, far, True), (far, near, False)):
                    self._threads.append(threading.Thread(target=self._pump, args=way))
                    self._threads[-1].start()

    def _pump(self, one: socket.socket, other: socket.socket, slow: bool) -> None:
        with one, contextlib.suppress(OSError):
            while data := one.recv(65_536):
                time.sleep(self.delay_s if slow else 0.0)
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Wait until nobody is on the way any more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        for one in self._threads:
            one.join(10.0)


class Edge:
    """One server: a HAProxy with the certificates of the first one, and a node beside it."""

    def __init__(self, folder: Path, name: str, first: Rig | None = None) -> None:
        folder.mkdir()
        self.name, self.rig = name, Rig(folder)
        if first is not None:  # all servers of a fleet serve the same bundles
            self.rig.root_a, self.rig.root_b, self.rig.both = (
                first.root_a,
                first.root_b,
                first.both,
            )
            for one in ("old.pem", "new.pem"):
                shutil.copy(first.folder / one, folder / one)
        self.process: subprocess.Popen[str] | None = None
        self.config: LiveConfig
        self.actuator: HaproxyActuator

    def start(self, policy: str, redis: str, **values: object) -> None:
        self.config = self.rig.config(policy, haproxy=redis, **FAST, **values)
        self.actuator = self.rig.start(self.config)
        self.start_node()

    def start_node(self) -> None:
        code = "import sys; from simcert.cli.main import main; main(sys.argv[1:])"
        command = [sys.executable, "-c", code, "live", "node", str(self.config.path)]
        self.process = subprocess.Popen(
            [*command, "--name", self.name, "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def kill_node(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.communicate()

    @property
    def exposure(self) -> float:
        return self.actuator.read_back(0.0)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill_node()
        self.rig.close()


class FleetRig:
    """Redis and two edges; controllers run with the configuration of the first edge."""

    def __init__(self, folder: Path) -> None:
        self.redis = Redis(folder)
        self.door = Door(self.redis.port)
        first = Edge(folder / "1", NAMES[0])
        self.edges = [first, Edge(folder / "2", NAMES[1], first.rig)]

    def start(self, policy: str, extra: str = "", **values: object) -> LiveConfig:
        nodes = ", ".join(f'"{one}"' for one in NAMES)
        table = (
            f'[redis]\nurl = "redis://127.0.0.1:{self.door.port}"\nrollout = "shop"\nttl_s = 2.0\n'
        )
        table += f"nodes = [{nodes}]\nlate_s = 1.0\naway_s = 2.0\n{extra}"
        for one in self.edges:
            one.start(policy, table, **values)
        return self.edges[0].config

    @property
    def exposures(self) -> list[float]:
        return [one.exposure for one in self.edges]

    def close(self) -> None:
        for one in self.edges:
            one.close()
        self.redis.kill()
        self.door.close()
