"""The HAProxy configuration of a live rollout: one TCP front, two TLS arms, a record a connection.

Which arm a connection gets is drawn by `rand(10000) < exposure`, the exposure being an entry of a
map, together with the number of the stage for assignments that want a new salt for each. Checked
with HAProxy 2.6; `docs/live.md` explains every line that is not obvious.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from simcert.live._addresses import address
from simcert.live._config import HaproxyTable
from simcert.live.haproxy_actuator import SALT
from simcert.model import ARMS, Assignment

_FIELDS_OK = "ok|%Ts.%ms|%ci|%cp|%Th|0|0"
_FIELDS_ERR = "err|%Ts.%ms|%ci|%cp|%Th|%[fc_err]|%[ssl_fc_err]"
_HELLO = (
    "%[ssl_fc_is_resumed]|%sslv|%sslc|%[ssl_fc_alpn]"
    '|%[ssl_fc_cipherlist_bin(1),xxh32]|%[ssl_fc_extlist_bin(1),hex]|\\"\\"'
)
_SALTED = "src,ipmask(24,64),concat(|,sess.salt),xxh32(1),mod(10000)"
_BUCKETS: Mapping[Assignment, str] = {
    "per_connection": "rand(10000)",
    "salted_per_window": _SALTED,
    "salted_per_stage": _SALTED,
    "per_client": "src,ipmask(24,64),xxh32(1),mod(10000)",
}
# The server name would be the client's own words; it is left out, so that no line can be forged.


def _line(fields: str) -> str:
    return f'"v1|%pid|%lc|%f|{fields}|{_HELLO}"'


@dataclass(frozen=True, slots=True)
class HaproxyPlan:
    """Paths of one rollout's folder, and the text of `haproxy.cfg` for it."""

    run: Path
    haproxy: HaproxyTable
    probes: str | None = None  # where probe clients reach the new arm
    window_s: float = 60.0

    @property
    def admin_socket(self) -> Path:
        """The stats socket: who may open it may change the exposure."""
        return self.run / "admin.sock"

    @property
    def map_file(self) -> Path:
        """The map with the exposure."""
        return self.run / "exposure.map"

    @property
    def records(self) -> str:
        """Where the records go, in HAProxy's words."""
        asked = self.haproxy.records
        return f"unix@{self.run}/records.sock" if asked == "unix" else asked

    @property
    def relay(self) -> Path:
        """Where the ring brings its lines: HAProxy's own socket, which always answers."""
        return self.run / "relay.sock"

    @property
    def config_file(self) -> Path:
        """Where `simcert live plan --write` puts the configuration."""
        return self.run / "haproxy.cfg"

    def certificate(self, arm: str) -> Path:
        """Return the bundle that an arm serves."""
        return self.run / f"{arm}.pem"

    def frontend(self, arm: str) -> str:
        """Return the name under which the records of an arm come."""
        return f"arm_{arm}"

    def text(self) -> str:
        """Return the whole configuration."""
        parts = (
            self._global(),
            self._ring(),
            self._front(),
            self._defaults(),
            *map(self._arm, ARMS),
        )
        return "\n".join((*parts, self._probes(), self._app()))

    def _global(self) -> str:
        one = self.haproxy
        tickets = "" if one.tickets else " no-tls-tickets"
        return f"""\
global
  stats socket {self.admin_socket} mode 600 level admin expose-fd listeners
  stats timeout 10s
  maxconn {one.connections_max}
  nbthread {one.threads}
  tune.ssl.capture-buffer-size 512
  tune.ssl.cachesize 0
  ssl-default-bind-options {_versions(one.versions)}{tickets}
  hard-stop-after 30s
"""

    def _ring(self) -> str:
        """A ring that nobody reads looks for a reader without rest: it finds the relay."""
        return f"""\
ring records
  format rfc5424
  maxlen 2048
  size {self.haproxy.ring_mib * 1024 * 1024}
  timeout connect 500ms
  timeout server 24d
  server relay unix@{self.relay} log-proto octet-count
"""

    def _front(self) -> str:
        bucket = _BUCKETS[self.haproxy.assignment]
        return f"""\
defaults front
  mode tcp
  timeout connect 2s
  timeout client 1h
  timeout server 1h
frontend tls from front
  bind {self.haproxy.listen}
  tcp-request connection set-var(sess.entry) str(exposure),map_str_int({self.map_file},0)
  tcp-request connection set-var(sess.exposure) var(sess.entry),mod({SALT})
  tcp-request connection set-var(sess.salt) {self._salt()}
  use_backend to_new if {{ {bucket},sub(sess.exposure) -m int lt 0 }}
  default_backend to_old
backend to_old from front
  server arm unix@{self.run}/old.sock send-proxy-v2
backend to_new from front
  server arm unix@{self.run}/new.sock send-proxy-v2
frontend relay from front
  bind unix@{self.relay} mode 600
  timeout client 24d
  tcp-request inspect-delay 1s
  tcp-request content accept if WAIT_END
  default_backend reader
backend reader from front
  retries 0
  timeout server 24d
  server simcert {self.records}
"""

    def _salt(self) -> str:
        """Return what a client's address is hashed with: a window's number, or a stage's."""
        if self.haproxy.assignment == "salted_per_window":
            return f"date(),div({self.window_s:.0f})"
        return f"var(sess.entry),div({SALT})"

    def _defaults(self) -> str:
        handshake_ms = int(self.haproxy.handshake_timeout_s * 1000)
        return f"""\
defaults arms
  mode http
  timeout client {handshake_ms}ms
  timeout http-request {handshake_ms}ms
  timeout http-keep-alive 60s
  timeout connect 5s
  timeout server 1m
  timeout tunnel 1h
  option logasap
  log ring@records format rfc5424 local0 info
  log-format {_line(_FIELDS_OK)}
  error-log-format {_line(_FIELDS_ERR)}
"""

    def _arm(self, arm: str) -> str:
        bind = f"unix@{self.run}/{arm}.sock mode 600 accept-proxy"
        return f"""\
frontend {self.frontend(arm)} from arms
  bind {bind} ssl crt {self.certificate(arm)} alpn h2,http/1.1
  http-request set-log-level silent if {{ var(sess.seen) -m bool }}
  http-request set-var(sess.seen) bool(true)
  default_backend app
"""

    def _probes(self) -> str:
        """Nothing is logged here: probes are no traffic."""
        if self.probes is None:
            return ""
        return f"""\
frontend probes from arms
  no log
  bind {self.probes} ssl crt {self.certificate("new")} alpn h2,http/1.1
  default_backend app
"""

    def _app(self) -> str:
        servers = [
            f"  server app{i} {_upstream(one)} check\n"
            for i, one in enumerate(self.haproxy.upstream)
        ]
        answer = (
            "".join(servers)
            or '  http-request return status 200 content-type text/plain string "ok"\n'
        )
        return f"backend app from arms\n{answer}"


def _upstream(text: str) -> str:
    host, port = address(text)
    return f"{host}:{port}"


def _versions(versions: tuple[str, ...]) -> str:
    low, high = min(versions), max(versions)
    return f"ssl-min-ver TLSv{low} ssl-max-ver TLSv{high}"
