"""A real Prometheus over a real HAProxy: exact differences, and every gap told as a gap."""

import json
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_authority import HOST
from live_rig import HAPROXY, Rig, free_port, until

from simcert.errors import MachineError
from simcert.live import _operate
from simcert.live._config import LiveConfig
from simcert.live.haproxy_actuator import HaproxyActuator
from simcert.live.haproxy_plan import HaproxyPlan
from simcert.live.haproxy_socket import HaproxySocket
from simcert.live.prometheus_feed import SETTLED_S, PrometheusFeed
from simcert.model import Window

pytestmark = [pytest.mark.server, pytest.mark.slow]

PROMETHEUS = shutil.which("prometheus")
EXPORTER = """
frontend exporter
  mode http
  timeout client 5s
  bind 127.0.0.1:{port}
  http-request use-service prometheus-exporter
"""
SCRAPES = """
global: {{scrape_interval: 500ms, scrape_timeout: 400ms}}
scrape_configs:
  - job_name: haproxy
    static_configs: [{{targets: ['127.0.0.1:{port}']}}]
"""


class Thin:
    """HAProxy with its own exporter, Prometheus that scrapes it, and the feed that reads it."""

    def __init__(self, rig: Rig, config: LiveConfig) -> None:
        assert config.haproxy is not None
        self.rig, self.config = rig, config
        self.exporter, self.port = free_port(), free_port()
        plan = HaproxyPlan(config.run, config.haproxy)
        _operate.plan(config, write=True)
        plan.config_file.write_text(
            plan.config_file.read_text() + EXPORTER.format(port=self.exporter)
        )
        self.plan = plan
        self.actuator = HaproxyActuator(HaproxySocket(plan.admin_socket), plan.map_file)
        self.feed = PrometheusFeed(f"http://127.0.0.1:{self.port}", 60.0, stale_s=5.0)
        self.prometheus: subprocess.Popen[bytes] | None = None
        self.now_s = 0.0

    def serve(self) -> None:
        """Start HAProxy, as the rig would."""
        assert HAPROXY is not None
        self.rig.process = subprocess.Popen(
            [HAPROXY, "-q", "-f", str(self.plan.config_file)], stderr=subprocess.DEVNULL
        )
        until(self._answers)

    def _answers(self) -> bool:
        try:
            return bool(self.actuator.socket.worker())
        except MachineError:
            return False

    def scrape(self) -> None:
        """Start Prometheus on the data that it had."""
        assert PROMETHEUS is not None
        rules = self.rig.folder / "prometheus.yml"
        rules.write_text(SCRAPES.format(port=self.exporter))
        self.prometheus = subprocess.Popen(
            [
                PROMETHEUS,
                f"--config.file={rules}",
                f"--storage.tsdb.path={self.rig.folder / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self._ready, 20.0)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.feed.url}/-/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def stop_scraping(self) -> None:
        assert self.prometheus is not None
        self.prometheus.kill()
        self.prometheus.wait()

    def window(self) -> Window | None:
        """Let a scrape see all that happened, if any can, and read the next window."""
        began = time.time()
        while time.time() < began + 3.0 and not self._scraped_since(began):
            time.sleep(0.1)
        time.sleep(SETTLED_S)  # what is read is as old as that
        self.now_s += 60.0
        found = self.feed.poll(self.now_s)
        return found[0] if found else None

    def _scraped_since(self, began: float) -> bool:
        asked = urllib.parse.urlencode({"query": self.feed.queries.age_s})
        try:
            with urllib.request.urlopen(f"{self.feed.url}/api/v1/query?{asked}", timeout=2) as said:
                age_s = float(json.load(said)["data"]["result"][0]["value"][1])
        except (OSError, IndexError, ValueError):
            return False
        return time.time() - age_s > began + 0.1

    def connect(self, roots: Path) -> None:
        context = ssl.create_default_context(cafile=str(roots))
        try:
            raw = socket.create_connection(("127.0.0.1", self.rig.port), 5.0)
            with raw, context.wrap_socket(raw, server_hostname=HOST) as link:
                link.sendall(b"GET / HTTP/1.1\r\nHost: demo.test\r\nConnection: close\r\n\r\n")
                link.recv(64)
        except OSError:
            return


@pytest.fixture
def thin(rig: Rig) -> Iterator[Thin]:
    if PROMETHEUS is None:
        pytest.fail("prometheus is missing: apt-get install prometheus")
    one = Thin(rig, rig.config())
    one.serve()
    one.scrape()
    yield one
    one.stop_scraping()


def test_counts_are_exact_and_no_gap_is_ever_a_quiet_window(thin: Thin) -> None:
    until(lambda: _read(thin), 20.0)

    for _ in range(7):
        thin.connect(thin.rig.both)
    thin.actuator.apply(1.0, 0.0)
    for roots in [thin.rig.root_b] * 5 + [thin.rig.root_a] * 3:  # three do not know its root
        thin.connect(roots)
    first = thin.window()
    assert first is not None
    assert first.tally() == (8, 3, 7, 0)
    assert first.completeness == 1.0

    quiet = thin.window()
    assert quiet is not None
    assert (quiet.n, quiet.completeness) == (0, 1.0)  # nobody came, and that is known

    thin.rig.kill()
    thin.serve()
    thin.connect(thin.rig.root_b)
    restarted = thin.window()
    assert restarted is not None
    assert restarted.completeness == 0.0  # counters began again
    thin.connect(thin.rig.root_b)
    after = thin.window()
    assert after is not None
    assert (after.tally().n_new, after.completeness) == (1, 1.0)

    thin.rig.kill()  # nothing to scrape: series end
    until(lambda: _is_refused(thin), 20.0)
    thin.serve()
    until(lambda: _read(thin), 20.0)

    thin.stop_scraping()
    with pytest.raises(MachineError):
        thin.window()
    thin.scrape()
    until(lambda: _read(thin), 20.0)
    thin.connect(thin.rig.root_b)
    last = thin.window()
    assert last is not None
    assert (last.tally().n_new, last.completeness) == (1, 1.0)


def _read(thin: Thin) -> bool:
    """Return whether a window could be read; what comes first after trouble is never whole."""
    try:
        window = thin.window()
    except MachineError:
        return False
    assert window is None or window.completeness == 0.0 or window.n == 0
    return True


def _is_refused(thin: Thin) -> bool:
    try:
        window = thin.window()
    except MachineError:
        return True
    assert window is not None
    assert window.n == 0 or window.completeness == 0.0
    return False
