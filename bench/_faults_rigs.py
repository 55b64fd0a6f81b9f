"""What is killed: one HAProxy, a fleet over Redis, a command with counters of Prometheus."""

import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bench._live_rig import FleetRig, Rig, controller, ended, free_port, until
from simcert.control.orders import same
from simcert.errors import MachineError
from simcert.live import _config
from simcert.live._config import LiveConfig

STEPS = "fixed_linear:step=0.05,every_s=0.7"
QUICK = "adaptive:delta_safe=0.09,budget=0.1,overshoot=0.5,mid=0.5"
Tally = tuple[int, int]  # violations, and clients that failed while all HAProxies ran


@contextmanager
def private() -> Iterator[Path]:
    """Give a folder whose name is short enough for unix sockets."""
    folder = Path(tempfile.mkdtemp(prefix="simcert"))
    yield folder
    for _ in range(9):  # a command that a killed controller had begun may still write
        with suppress(OSError):
            shutil.rmtree(folder)
            return
        time.sleep(0.5)
    shutil.rmtree(folder)


def decided(entries: list[dict[str, Any]]) -> float:
    """Return what was decided last in writing."""
    found = [one["exposure"] for one in entries if one["entry"] == "decision"]
    return float(found[-1]) if found else 0.0


def on_disk(config: LiveConfig) -> list[dict[str, Any]]:
    """Return the journal's whole lines."""
    path = config.run / "journal.jsonl"
    lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


def too_much(in_force: Callable[[], float], written: Callable[[], float]) -> bool:
    """Return whether more is in force than was decided: read first, for a decision comes first."""
    live = in_force()
    return live > written() + 1e-9


def killed(process: "subprocess.Popen[str]") -> None:
    """Kill a controller with -9."""
    process.send_signal(signal.SIGKILL)
    process.communicate()


def alone(rng: random.Random, kills: int) -> Tally:
    """Kill controller and HAProxy of one machine."""
    violations = failed = 0
    with private() as folder:
        rig = Rig(folder)
        try:
            config = rig.config(STEPS, soak_s=3600.0)
            actuator = rig.start(config)
            live, written = lambda: actuator.read_back(0.0), lambda: decided(on_disk(config))
            process = controller(config, "--unvalidated")
            for _ in range(kills):
                traffic = rig.traffic(rate=40.0)
                time.sleep(rng.uniform(0.2, 1.5))
                if rng.random() < 0.6:
                    killed(process)
                    violations += too_much(live, written)
                    process = controller(config, "--unvalidated")
                    failed += ended(traffic)[1]
                else:
                    failed += ended(traffic)[1]
                    rig.kill()
                    time.sleep(rng.uniform(0.0, 0.3))
                    rig.start(config)
                    violations += too_much(live, written)
            until(lambda: _agreed([live], written), 20.0)
            killed(process)
        finally:
            rig.close()
    return violations, failed


def fleet(rng: random.Random, kills: int) -> Tally:
    """Kill Redis, controllers, nodes and HAProxies of a fleet of two."""
    violations = failed = 0
    with private() as folder:
        rig = FleetRig(folder)
        try:
            rig.start(STEPS, soak_s=3600.0)
            lives = [lambda one=one: one.exposure for one in rig.edges]
            pair = [controller(one.config, "--unvalidated") for one in rig.edges]
            until(lambda: max(rig.exposures) > 0.0, 40.0)
            for _ in range(kills):
                traffic = [one.rig.traffic(rate=20.0) for one in rig.edges]
                time.sleep(rng.uniform(0.2, 2.0))
                which, what = (
                    rng.randrange(2),
                    rng.choice(("redis", "controller", "node", "haproxy")),
                )
                if what == "haproxy":
                    failed += sum(ended(one)[1] for one in traffic)
                _strike(rig, pair, what, which, rng)
                if what != "haproxy":
                    failed += sum(ended(one)[1] for one in traffic)
                violations += sum(too_much(one, lambda: _shared(rig)) for one in lives)
            until(lambda: _supervised(rig, pair) and _agreed(lives, lambda: _shared(rig)), 60.0)
            for one in pair:
                killed(one)
        finally:
            rig.close()
    return violations, failed


def _strike(
    rig: FleetRig,
    pair: "list[subprocess.Popen[str]]",
    what: str,
    which: int,
    rng: random.Random,
) -> None:
    edge = rig.edges[which]
    if what == "redis":
        rig.redis.kill()
        time.sleep(rng.uniform(0.0, 1.0))
        rig.redis.start()
    elif what == "node":
        edge.kill_node()
        time.sleep(rng.uniform(0.0, 1.0))
        edge.start_node()
    elif what == "haproxy":
        edge.rig.kill()
        time.sleep(rng.uniform(0.0, 0.3))
        edge.rig.start(edge.config)
    elif what == "controller":
        killed(pair[which])
        pair[which] = controller(edge.config, "--unvalidated")
    _supervised(rig, pair)


def _supervised(rig: FleetRig, pair: "list[subprocess.Popen[str]]") -> bool:
    """Start again what left by itself, as a supervisor does: a node needs HAProxy to begin."""
    for i, edge in enumerate(rig.edges):
        if pair[i].poll() is not None:
            killed(pair[i])
            pair[i] = controller(edge.config, "--unvalidated")
        if edge.process is not None and edge.process.poll() is not None:
            edge.kill_node()
            edge.start_node()
    return True


def _shared(rig: FleetRig) -> float:
    store = rig.redis.store()
    try:
        return decided(store.entries())
    finally:
        store.close()


def _agreed(lives: list[Callable[[], float]], written: Callable[[], float]) -> bool:
    """Return whether what was decided is in force again, everywhere."""
    try:
        shares = [one() for one in lives]
    except MachineError:
        return False
    return min(shares) > 0.0 and all(same(one, written()) for one in shares)


THIN = """\
schema = 1
policy = "{policy}"
state = "t"
tick_s = 0.2
[certificates]
old = "old.pem"
new = "new.pem"
[exec]
set = ["{python}", "weight.py", "{socket}", "{map}", "{{points}}"]
get = ["{python}", "weight.py", "{socket}", "{map}"]
[prometheus]
url = "http://127.0.0.1:{port}"
stale_s = 2.0
[plan]
window_s = 1.0
slices = 1
soak_s = 3600.0
"""
WEIGHT = """\
import sys
from pathlib import Path
from simcert.live.haproxy_actuator import HaproxyActuator
from simcert.live.haproxy_socket import HaproxySocket
one = HaproxyActuator(HaproxySocket(Path(sys.argv[1])), Path(sys.argv[2]))
if len(sys.argv) > 3:
    one.apply(int(sys.argv[3]) / 10_000, 0.0)
print(round(one.read_back(0.0) * 10_000))
"""
EXPORTER = """
frontend exporter from arms
  no log
  bind 127.0.0.1:{port}
  http-request use-service prometheus-exporter if {{ path /metrics }}
"""
SCRAPES = """\
global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}
scrape_configs:
- job_name: haproxy
  static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


class Prometheus:
    """A Prometheus of one's own, scraping one exporter."""

    def __init__(self, folder: Path, exporter: int) -> None:
        self.folder, self.port = folder, free_port()
        (folder / "prometheus.yml").write_text(SCRAPES.format(port=exporter))
        self.start()

    def start(self) -> None:
        """Start it, with the data that an earlier one left."""
        where = [
            f"--config.file={self.folder}/prometheus.yml",
            f"--storage.tsdb.path={self.folder}/d",
        ]
        listen = f"--web.listen-address=127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            ["prometheus", *where, listen, "--log.level=error"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        """Kill it with -9."""
        self.process.kill()
        self.process.wait()


def thin(rng: random.Random, kills: int) -> Tally:
    """Kill Prometheus and the controller of a command with counters as metrics."""
    violations = failed = 0
    with private() as folder:
        rig, exporter = Rig(folder), free_port()
        prometheus = None
        try:
            full = rig.config(STEPS)
            actuator = rig.start(full)
            rig.kill()
            cfg = full.run / "haproxy.cfg"
            text = cfg.read_text() + EXPORTER.format(port=exporter)
            cfg.write_text(text)
            rig.restart(full)
            prometheus = Prometheus(folder, exporter)
            config = _thin_config(folder, full, prometheus.port)
            live, written = lambda: actuator.read_back(0.0), lambda: decided(on_disk(config))
            process = controller(config, "--unvalidated")
            first = rig.traffic(rate=60.0)
            until(lambda: live() > 0.0, 60.0)  # it flies: its evidence is whole and fresh
            failed += ended(first)[1]
            for _ in range(kills):
                traffic = rig.traffic(rate=60.0)
                time.sleep(rng.uniform(1.0, 3.0))
                if rng.random() < 0.7:
                    prometheus.kill()
                    time.sleep(rng.uniform(0.0, 2.0))
                    prometheus.start()
                else:
                    killed(process)
                    process = controller(config, "--unvalidated")
                violations += too_much(live, written)
                failed += ended(traffic)[1]
            killed(process)
            violations += raised_blind(on_disk(config), config.plan.window_s * 3.0)
        finally:
            rig.close()
            if prometheus is not None:
                prometheus.kill()
    return violations, failed


def _thin_config(folder: Path, full: LiveConfig, port: int) -> LiveConfig:
    weight = folder / "weight.py"
    weight.write_text(WEIGHT)
    values = {"python": sys.executable, "socket": full.run / "admin.sock", "port": port}
    path = folder / "thin.toml"
    text = THIN.format(policy=QUICK, map=full.run / "exposure.map", **values)
    path.write_text(text.replace('"weight.py"', f'"{weight}"'))
    return _config.load(path)


def raised_blind(entries: list[dict[str, Any]], stale_s: float) -> int:
    """Return how many raises had no whole window that was fresh."""
    whole_s, blind = 0.0, 0
    for one in entries:
        if one["entry"] == "window" and one["window"]["completeness"] >= 0.99:
            whole_s = one["window"]["end_s"] + one["window"]["lag_s"]
        if one["entry"] == "decision" and one["kind"] == "raise":
            blind += one["t"] - whole_s > stale_s + 1e-6
    return blind
