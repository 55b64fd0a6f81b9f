"""Real terminators write the documented formats, and real clients are found in their logs."""

import datetime as dt
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from simcert.lab.population import import_log
from simcert.tls import factory

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[2]
FORMATS = (ROOT / "docs" / "population-logs.md").read_text()
CLIENTS = {
    "curl": ["curl", "-s", "--cacert", "root.pem", "https://localhost:{port}/"],
    "refuser": ["curl", "-s", "--cacert", "stranger.pem", "https://localhost:{port}/"],
    "gnutls": ["gnutls-cli", "--x509cafile", "root.pem", "--port", "{port}", "localhost"],
    "python": [sys.executable, f"{ROOT}/tests/tls/clients/get.py", "{port}", "root.pem"],
}


def directives(*names: str) -> str:
    """Return the documented configuration lines that start with these words."""
    found = [re.search(rf"^{name} .*$", FORMATS, re.M) for name in names]
    return "\n".join(one.group() for one in found if one is not None)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with certificates for localhost."""
    now, day = dt.datetime.now(dt.UTC).replace(microsecond=0), dt.timedelta(days=1)
    valid = [now - day, now + 30 * day]
    made = factory.Factory(
        factory.recipe_of(
            {
                "certificate": {
                    "root": {"subject": "CN=Root", "ca": True, "valid": valid},
                    "stranger": {"subject": "CN=Stranger", "ca": True, "valid": valid},
                    "leaf": {
                        "subject": "CN=localhost",
                        "issuer": "root",
                        "key": "rsa2048",
                        "dns": ["localhost"],
                        "valid": valid,
                    },
                },
                "chain": {name: [name] for name in ("root", "stranger", "leaf")},
            }
        )
    )
    for name in ("root", "stranger", "leaf"):
        (tmp_path / f"{name}.pem").write_bytes(made.chain(name))
    (tmp_path / "key.pem").write_bytes(made.certificate("leaf").key_pem)
    (tmp_path / "both.pem").write_bytes(made.chain("leaf") + made.certificate("leaf").key_pem)
    return tmp_path


@contextmanager
def running(command: list[str], place: Path, port: int) -> Iterator[None]:
    """Run a server until the block ends; it must answer on its port within 5 s."""
    with (place / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=place, stdout=log, stderr=log)
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                break
            except OSError:
                time.sleep(0.05)
        yield
    finally:
        server.terminate()
        server.wait(timeout=10)


def visit(place: Path, port: int) -> None:
    for words in CLIENTS.values():
        command = [word.replace("{port}", str(port)) for word in words]
        subprocess.run(
            command, cwd=place, input=b"GET / HTTP/1.0\r\n\r\n", capture_output=True, timeout=20
        )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def test_haproxy_writes_what_is_documented(place: Path, needed: Callable[..., None]) -> None:
    needed("haproxy", "curl", "gnutls-cli")
    port = free_port()
    (place / "haproxy.cfg").write_text(
        f"global\n  tune.ssl.capture-buffer-size 512\n  log {place}/log.sock format raw local0\n"
        "defaults\n  mode http\n  timeout client 5s\n  timeout connect 5s\n  timeout server 5s\n"
        f"frontend arm_old\n  bind 127.0.0.1:{port} ssl crt both.pem alpn h2,http/1.1\n"
        f"  log global\n{directives('log-format', 'error-log-format')}\n"
        "  http-request return status 200\n"
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sink:
        sink.bind(f"{place}/log.sock")
        sink.settimeout(1.0)
        with running(["haproxy", "-f", "haproxy.cfg", "-db"], place, port):
            visit(place, port)
            lines = list(received(sink))
    (place / "haproxy.txt").write_bytes(b"\n".join(lines) + b"\n")
    found = import_log(place / "haproxy.txt")
    assert found.counts.unparsed == 0
    assert found.counts.handshakes == len(CLIENTS)  # the refuser's failed handshake, too
    assert found.matched == len(CLIENTS)
    assert found.exact["profile:curl_openssl"] >= 2


def received(sink: socket.socket) -> Iterator[bytes]:
    while True:
        try:
            yield sink.recv(65_536).strip()
        except TimeoutError:
            return


def test_nginx_writes_what_is_documented(place: Path, needed: Callable[..., None]) -> None:
    needed("nginx", "curl", "gnutls-cli")
    port = free_port()
    (place / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {place}/nginx.pid; error_log {place}/error.txt;\n"
        f"events {{}}\nhttp {{\n{directives('log_format')}\naccess_log {place}/nginx.txt simcert;\n"
        f"client_body_temp_path {place}/a; proxy_temp_path {place}/b;\n"
        f"fastcgi_temp_path {place}/c; uwsgi_temp_path {place}/d; scgi_temp_path {place}/e;\n"
        f"server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {place}/leaf.pem;\n"
        f"ssl_certificate_key {place}/key.pem; location / {{ return 200 ok; }} }} }}\n"
    )
    with running(["nginx", "-p", str(place), "-c", f"{place}/nginx.conf"], place, port):
        visit(place, port)
    found = import_log(place / "nginx.txt")
    assert found.counts.unparsed == 0
    assert found.counts.handshakes == len(CLIENTS) - 1  # it says nothing of who refused
    assert found.matched == found.counts.handshakes
    assert found.exact["profile:curl_openssl"] >= 1
