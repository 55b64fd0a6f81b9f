"""A load balancer and a Prometheus in one process: what it holds is what it answers."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from live_authority import Authority

from simcert.live._config import LiveConfig, load
from simcert.live._run_folder import folder

CONFIG = """\
schema = 1
policy = "fixed_linear:step=0.5,every_s=600"
state = "s"
tick_s = 0.05
[certificates]
old = "old.pem"
new = "new.pem"
[webhook]
url = "{url}"
[prometheus]
url = "{url}"
[plan]
window_s = 1.0
slices = 1
"""


class Web(ThreadingHTTPServer):
    """Answers with `points` and `samples`; `deaf` it takes no exposure."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.points: Any = 0
        self.deaf = False
        self.heard: Callable[[int], object] = str  # called with every exposure that is asked for
        self.token = 0
        self.samples: dict[str, float | None] = {}
        self.next: dict[str, float | None] = {}  # those of the next scrape,
        self.next_s = self.stored_s = inf  # its moment, and when they can be asked for
        self.clock_s = 1_000.0  # every question takes 20 ms
        self.url = f"http://127.0.0.1:{self.server_port}"

    def totals(
        self, old: tuple[int, int], new: tuple[int, int], *, epoch: int = 1, age: int = 1
    ) -> None:
        """Attempts and completed handshakes of both arms so far."""
        for arm, (attempts, completed) in (("old", old), ("new", new)):
            self.samples[f'sum(haproxy_frontend_connections_total{{proxy="arm_{arm}"}})'] = attempts
            self.samples[f'sum(haproxy_frontend_sessions_total{{proxy="arm_{arm}"}})'] = completed
        self.samples["max(haproxy_process_start_time_seconds)"] = epoch
        self.samples["age"] = age

    def value(self, query: str, at_s: float | None) -> float | None:
        """Answer a query at a moment, or now."""
        now_s = self.clock_s
        self.clock_s += 0.02
        if query == "vector(time())":
            return now_s
        at_s = now_s if at_s is None else at_s
        known = self.next if at_s >= self.next_s and now_s >= self.stored_s else self.samples
        return known.get("age" if query.startswith("time()") else query)


class Handler(BaseHTTPRequestHandler):
    server: Web

    def do_PUT(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        late = body["token"] < self.server.token
        self.server.heard(body["exposure_basis_points"])
        if not self.server.deaf and not late:
            self.server.points, self.server.token = body["exposure_basis_points"], body["token"]
        self._say(409 if late else 200, {})

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if not url.path.endswith("/query"):
            self._say(200, {"exposure_basis_points": self.server.points})
            return
        asked = parse_qs(url.query)
        (query,), at = asked["query"], asked.get("time")
        value = self.server.value(query, float(at[0]) if at else None)
        found = [] if value is None else [{"metric": {}, "value": [0, str(value)]}]
        self._say(200, {"status": "success", "data": {"result": found}})

    def _say(self, code: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None: ...


def webhook_config(web: Web, place: Path) -> LiveConfig:
    """Return a configuration that drives `web`, with both bundles and its private folder."""
    for arm in ("old", "new"):
        (place / f"{arm}.pem").write_bytes(Authority(arm).bundle())
    path = place / "live.toml"
    path.write_text(CONFIG.format(url=web.url))
    found = load(path)
    folder(found)
    return found
