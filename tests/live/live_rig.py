"""A real HAProxy of one's own: private folder, free port, certificates of two authorities."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from live_authority import HOST, Authority

from simcert.live import _config, _operate
from simcert.live._config import LiveConfig
from simcert.live.haproxy_actuator import HaproxyActuator
from simcert.live.haproxy_plan import HaproxyPlan
from simcert.live.haproxy_socket import HaproxySocket

HAPROXY = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(done: Callable[[], object], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)


CONFIG = """\
schema = 1
policy = "{policy}"
state = "s"
grace_s = {grace_s}
tick_s = {tick_s}
[certificates]
old = "old.pem"
new = "new.pem"
[haproxy]
listen = "127.0.0.1:{port}"
handshake_timeout_s = 1.0
connections_max = 200
ring_mib = 4
{haproxy}
[plan]
window_s = {window_s}
slices = {slices}
soak_s = {soak_s}
"""


class Rig:
    """Authorities A (old) and B (new), their roots, and a HAProxy between `start` and `kill`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.a, self.b = Authority("Authority A"), Authority("Authority B")
        self.root_a = self.a.write_root(folder / "a.pem")
        self.root_b = self.b.write_root(folder / "b.pem")
        self.both = folder / "both.pem"
        self.both.write_bytes(self.root_a.read_bytes() + self.root_b.read_bytes())
        (folder / "old.pem").write_bytes(self.a.bundle("rsa"))
        (folder / "new.pem").write_bytes(self.b.bundle("ec"))
        self.process: subprocess.Popen[bytes] | None = None
        self._others: list[subprocess.Popen[bytes]] = []

    def config(self, policy: str = "fixed_linear", **values: object) -> LiveConfig:
        text = {"grace_s": 0.2, "tick_s": 0.2, "window_s": 1.0, "slices": 1, "soak_s": 1.0}
        settings = {**text, "haproxy": "", **values}
        path = self.folder / "live.toml"
        path.write_text(CONFIG.format(policy=policy, port=self.port, **settings))
        return _config.load(path)

    def start(self, config: LiveConfig) -> HaproxyActuator:
        """Start HAProxy with the planned configuration; return an actuator for it."""
        _operate.plan(config, write=True)
        return self.restart(config)

    def restart(self, config: LiveConfig) -> HaproxyActuator:
        """Start HAProxy with the configuration that lies there."""
        assert config.haproxy is not None
        plan = HaproxyPlan(config.run, config.haproxy)
        assert HAPROXY is not None
        self.process = subprocess.Popen(
            [HAPROXY, "-q", "-f", str(plan.config_file)], stderr=subprocess.DEVNULL
        )
        until(lambda: self._answers(plan))
        salted = config.haproxy.assignment == "salted_per_stage"
        return HaproxyActuator(HaproxySocket(plan.admin_socket), plan.map_file, salted=salted)

    def _answers(self, plan: HaproxyPlan) -> bool:
        try:
            HaproxySocket(plan.admin_socket).worker()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def traffic(
        self, *, blind_share: float = 0.0, rate: float = 150.0, blind: Path | None = None
    ) -> subprocess.Popen[bytes]:
        """Start clients of which `blind_share` trust only authority A, or the roots in `blind`.

        Each has an address of its own.
        """
        script = Path(__file__).with_name("live_traffic.py")
        stores = [str(blind or self.root_a), str(self.both), str(blind_share), str(rate)]
        process = subprocess.Popen(
            [sys.executable, str(script), str(self.port), HOST, *stores], stdout=subprocess.PIPE
        )
        self._others.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        return process

    def close(self) -> None:
        for one in [*self._others, *([self.process] if self.process else [])]:
            if one.poll() is None:
                one.kill()
            one.wait()
            if one.stdout is not None:
                one.stdout.close()


def curl(rig: Rig, root: Path, *more: str) -> int:
    """Return curl's exit code for one request: 0 fine, 60 certificate not trusted."""
    where = f"{HOST}:{rig.port}:127.0.0.1"
    plain = ["curl", "-s", "-o", "/dev/null", "--max-time", "5", "--cacert", str(root)]
    asked = ["--resolve", where, *more, f"https://{HOST}:{rig.port}/"]
    return subprocess.run([*plain, *asked], check=False).returncode


def controller(config: LiveConfig, *more: str) -> subprocess.Popen[str]:
    code = "import sys; from simcert.cli.main import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "live", str(config.path), "--json", *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(process: subprocess.Popen[str], seconds: float) -> tuple[int, dict[str, Any], str]:
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        pytest.fail(f"did not end in time:\n{err[-3000:]}")
    return process.returncode, json.loads(out) if out else {}, err


def entries(config: LiveConfig, kind: str) -> list[dict[str, Any]]:
    lines = (config.run / "journal.jsonl").read_text().splitlines()
    return [one for one in map(json.loads, lines) if one["entry"] == kind]


def ended(traffic: "subprocess.Popen[bytes]") -> tuple[int, int]:
    traffic.send_signal(signal.SIGTERM)
    out, _ = traffic.communicate(timeout=10)
    made, failed = out.split()
    return int(made), int(failed)
