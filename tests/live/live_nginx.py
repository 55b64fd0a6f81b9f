"""A real nginx with exporter and Prometheus beside it, and the example's own files over them."""

import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

from live_rig import HOST, Rig, free_port, until

from simcert.errors import MachineError
from simcert.live import _config
from simcert.live.exec_actuator import ExecActuator

EXAMPLE = Path(__file__).parents[2] / "examples" / "nginx"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
SCRAPES = """\
global: {{scrape_interval: {ms}ms, scrape_timeout: {ms}ms}}
scrape_configs:
- job_name: nginx
  static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


class Nginx:
    """The example's nginx on free ports, between construction and `close`; starts at 0."""

    def __init__(self, rig: Rig) -> None:
        assert NGINX is not None
        status = free_port()
        text = (EXAMPLE / "nginx.conf").read_text()
        text = text.replace("8443", str(rig.port)).replace("8099", str(status))
        (rig.folder / "nginx.conf").write_text(f"daemon off;\n{text}")
        os.environ["NGINX_HOME"] = str(rig.folder)
        os.environ["NGINX_STATUS"] = f"127.0.0.1:{status}"
        if (place := str(Path(NGINX).parent)) not in os.environ["PATH"].split(":"):
            os.environ["PATH"] += f":{place}"
        rig.folder.chmod(0o755)
        script = str(EXAMPLE / "weight")
        subprocess.run([script, "init"], check=True)
        command = [NGINX, "-p", str(rig.folder), "-c", str(rig.folder / "nginx.conf")]
        self.process = subprocess.Popen([*command, "-e", "stderr"], stderr=subprocess.DEVNULL)
        self.actuator = ExecActuator((script, "set", "{points}"), (script, "get"))
        until(self._answers)

    def _answers(self) -> bool:
        try:
            return self.actuator.read_back(0.0) == 0.0
        except MachineError:
            return False

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


class Site:
    """Exporter, a Prometheus that scrapes it every `scrape_s`, and live.toml with our addresses."""

    def __init__(self, rig: Rig, *, scrape_s: float = 0.2) -> None:
        self.rig, folder = rig, rig.folder
        self.exporter, self.prometheus = free_port(), free_port()
        scrapes = SCRAPES.format(port=self.exporter, ms=round(1000 * scrape_s))
        (folder / "prometheus.yml").write_text(scrapes)
        where = f"127.0.0.1:{self.exporter}"
        tsdb = [f"--storage.tsdb.path={folder}/tsdb", f"--config.file={folder}/prometheus.yml"]
        listen = f"--web.listen-address=127.0.0.1:{self.prometheus}"
        self.processes = [
            subprocess.Popen([sys.executable, str(EXAMPLE / "exporter"), str(folder), where]),
            subprocess.Popen(["prometheus", *tsdb, listen, "--log.level=error"]),
        ]
        until(lambda: self.totals(), 20.0)

    def plan(
        self, policy: str, *, window_s: float = 1.0, soak_s: float = 2.0, tick_s: float = 1.0
    ) -> None:
        """Write the example's live.toml with our addresses, short windows, and a policy."""
        text = (EXAMPLE / "live.toml").read_text()
        for one, other in {
            "/etc/nginx/weight": str(EXAMPLE / "weight"),
            "127.0.0.1:9090": f"127.0.0.1:{self.prometheus}",
            'policy = "adaptive"': f'policy = "{policy}"\ntick_s = {tick_s}',
            "window_s = 60.0": f"window_s = {window_s}\nsoak_s = {soak_s}",
            "[prometheus]\n": "[prometheus]\nstale_s = 2.0\n",
        }.items():
            assert one in text
            text = text.replace(one, other)
        path = self.rig.folder / "live.toml"
        path.write_text(text)
        self.config = _config.load(path)

    def totals(self) -> dict[str, float]:
        try:
            where = f"http://127.0.0.1:{self.exporter}/metrics"
            with urllib.request.urlopen(where, timeout=2) as answer:
                rows = answer.read().decode().split("\n")[:-1]
        except OSError:
            return {}
        return {name: float(value) for name, value in (row.rsplit(" ", 1) for row in rows)}

    def close(self) -> None:
        for one in self.processes:
            one.kill()
            one.wait()


def served_new(rig: Rig, n: int) -> int:
    """Return how many of n connections got the new certificate."""
    url = f"https://{HOST}:{rig.port}/"
    where = f"{HOST}:{rig.port}:127.0.0.1"
    plain = ["curl", "-s", "--cacert", str(rig.both), "--resolve", where, "-H", "Connection: close"]
    done = subprocess.run([*plain, *([url] * n)], capture_output=True, text=True, check=True)
    return done.stdout.split().count("new")
