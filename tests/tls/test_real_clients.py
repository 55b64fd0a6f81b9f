"""Reality: real clients of this machine meet chains of the factory, and do what was predicted.

An instrumented server on loopback says how each connection looked from the server's side; the
client's own ClientHello, as received, is all that the prediction knows of it but its family.
"""

import datetime as dt
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from simcert.model import alert_name
from simcert.tls import (
    CertificateChain,
    ServerSettings,
    TrustStore,
    client_from_hello,
    factory,
    predict,
)

pytestmark = [pytest.mark.server, pytest.mark.slow]

HOST = "localhost"
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)

# --- the server: one connection at a time, over memory, so that every byte can be looked at


def hello_of(flight: bytes) -> dict[str, Any]:
    """Return a ClientHello as `client_from_hello` takes it (RFC 8446 section 4.1.2)."""
    body, at = b"", 0
    while at + 5 <= len(flight) and flight[at] == 22:
        size = int.from_bytes(flight[at + 3 : at + 5], "big")
        body += flight[at + 5 : at + 5 + size]
        at += 5 + size
    at = 4 + 2 + 32
    at += 1 + body[at]
    suites, at = vector(body, at, 2)
    at += 1 + body[at]
    block, _ = vector(body, at, 2)
    extensions: dict[int, bytes] = {}
    at = 0
    while at < len(block):
        kind = int.from_bytes(block[at : at + 2], "big")
        extensions[kind], at = vector(block, at + 2, 2)
    hello: dict[str, Any] = {
        "ch_bytes": len(body) + 5,
        "legacy_version": body[4:6].hex(),
        "ciphers": words(suites),
        "n_ciphers": len(suites) // 2,
        "ext": list(extensions),
        "status_request": 5 in extensions,
    }
    for kind, name, skip in ((43, "versions", 1), (13, "sigalgs", 2), (10, "groups", 2)):
        if kind in extensions:
            hello[name] = words(extensions[kind][skip:])
    if 50 in extensions:
        hello["sigalgs_cert"] = words(extensions[50][2:])
    if 51 in extensions:
        hello["key_shares"] = key_shares(extensions[51])
    return hello


def vector(data: bytes, at: int, width: int) -> tuple[bytes, int]:
    size = int.from_bytes(data[at : at + width], "big")
    return data[at + width : at + width + size], at + width + size


def words(data: bytes) -> list[str]:
    return [data[i : i + 2].hex() for i in range(0, len(data) - 1, 2)]


def key_shares(data: bytes) -> list[str]:
    groups, at = [], 2
    while at + 4 <= len(data):
        groups.append(data[at : at + 2].hex())
        at += 4 + int.from_bytes(data[at + 2 : at + 4], "big")
    return groups


def seen_of(error: ssl.SSLError, done: bool, sent: bytes) -> str:
    """Name what ended a connection: the peer's alert, or the abort that we have just sent."""
    reason = str(error.reason)
    for prefix in ("TLSV1_ALERT_", "SSLV3_ALERT_", "TLSV13_ALERT_"):
        if reason.startswith(prefix):
            return ("ok_then_alert:" if done else "alert:") + reason[len(prefix) :].lower()
    if len(sent) >= 7 and sent[-7] == 21:  # an alert record in clear is the last that was sent
        return f"server_abort:{alert_name(sent[-1])}"
    return "ok_then_close" if done else "close"


@dataclass
class Server:
    """Serves one chain, and keeps what it saw: (outcome, first flight) per connection."""

    chain: Path
    key: Path
    version: str
    saw: list[tuple[str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.set_ciphers("ALL:@SECLEVEL=0")
        self.context.load_cert_chain(self.chain, self.key)
        self.context.minimum_version = self.context.maximum_version = VERSIONS[self.version]
        self.context.options |= ssl.OP_NO_TICKET
        self.context.num_tickets = 0
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(timeout=20)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                self.saw.append(self._meet(connection))

    def _meet(self, connection: socket.socket) -> tuple[str, bytes]:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context.wrap_bio(incoming, outgoing, server_side=True)
        flight, done = b"", False
        while True:
            try:
                if not done:
                    tls.do_handshake()
                    done = True
                if tls.read(4096):
                    tls.write(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    send(connection, outgoing.read())
                    return "ok", flight
                return ("ok_then_close" if done else "close"), flight
            except ssl.SSLWantReadError:
                send(connection, outgoing.read())
                chunk = receive(connection)
                if not chunk:
                    return ("ok_then_close" if done else "close"), flight
                flight = flight or chunk
                incoming.write(chunk)
            except ssl.SSLZeroReturnError:
                return ("ok_then_close" if done else "close"), flight
            except ssl.SSLError as error:
                sent = outgoing.read()
                send(connection, sent)
                return seen_of(error, done, sent), flight


def send(connection: socket.socket, data: bytes) -> None:
    try:
        connection.sendall(data)
    except OSError:
        return


def receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except OSError:
        return b""


# --- the clients: in CI, what a plain Debian has must be there; others are used where present

GET = f"{Path(__file__).parent}/clients/"


@dataclass(frozen=True)
class RealClient:
    """A program, and the family of `client_from_hello` that it belongs to."""

    program: str
    family: str
    arguments: tuple[str, ...]
    required: bool = True
    cases: frozenset[str] | None = None  # all if None


QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")  # of the start of a JVM
FEW = frozenset({"good_rsa", "unknown_root", "expired"})
CLIENTS = {
    "openssl": RealClient(
        "openssl",
        "openssl-cli",
        ("s_client", "-connect", "127.0.0.1:{port}", "-servername", HOST, "-CAfile", "{ca}",
         "-verify_return_error", "-verify_hostname", HOST, "-quiet"),
    ),
    "curl": RealClient(
        "curl", "curl", ("-sS", "--http1.1", "--cacert", "{ca}", "https://localhost:{port}/")
    ),
    "gnutls": RealClient(
        "gnutls-cli", "gnutls", ("--x509cafile", "{ca}", "--port", "{port}", HOST)
    ),
    "python": RealClient(sys.executable, "python", (GET + "get.py", "{port}", "{ca}")),
    "node": RealClient("node", "node", (GET + "get.js", "{port}", "{ca}"), required=False),
    "git": RealClient(  # Debian's libcurl for Git is built on GnuTLS
        "git",
        "curl",
        ("-c", "http.sslCAInfo={ca}", "ls-remote", "https://localhost:{port}/x"),
        required=False,
    ),
    "wget": RealClient(
        "wget",
        "wget",
        ("-q", "-t1", "-O", os.devnull, "--ca-certificate={ca}", "https://localhost:{port}/"),
        required=False,
    ),
    "java": RealClient("java", "jsse", (*QUICK, GET + "Get.java", "{port}", "{ca}"), False, FEW),
}  # fmt: skip


def run(client: RealClient, port: int, ca: Path, folder: Path) -> None:
    filled = [a.replace("{port}", str(port)).replace("{ca}", str(ca)) for a in client.arguments]
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder)}
    subprocess.run(
        [client.program, *filled],
        input=b"GET / HTTP/1.0\r\n\r\n",
        env=environment,
        capture_output=True,
        timeout=30,
        check=False,
    )


# --- the cases: one recipe, every chain differs from the good one in what its name says

DAY = dt.timedelta(days=1)
USUAL = (NOW - 10 * DAY, NOW + 80 * DAY)
LONG = (NOW - 900 * DAY, NOW + 900 * DAY)
LEAVES: dict[str, dict[str, Any]] = {
    "good_rsa": {"key": "rsa2048"},
    "good_p256": {"key": "p256"},
    "good_p384": {"key": "p384"},
    "good_ed25519": {"key": "ed25519"},
    "expired": {"valid": (NOW - 90 * DAY, NOW - DAY)},
    "not_yet_valid": {"valid": (NOW + DAY, NOW + 90 * DAY)},
    "wrong_host": {"dns": ["other.example"], "subject": "CN=other.example"},
    "expired_and_wrong_host": {
        "valid": (NOW - 90 * DAY, NOW - DAY),
        "dns": ["other.example"],
        "subject": "CN=other.example",
    },
    "unknown_root": {"issuer": "stranger"},
    "unknown_critical": {"critical_oid": "1.3.6.1.4.1.55555.3"},
    "for_clients_only": {"eku": ["clientAuth"]},
    "must_staple": {"must_staple": True},
    "outside_constraints": {"issuer": "constrained"},
    "no_intermediate": {},
    "stray_certificate": {},
    "wrong_order": {"issuer": "deep"},
    "expired_intermediate": {"issuer": "old_ca"},
    "path_too_long": {"issuer": "below_ca"},
    "large": {"padding_bytes": 12_000},
}  # fmt: skip


def recipe() -> factory.Recipe:
    """A root that clients trust, three intermediates, and one leaf per case."""
    ca = {"ca": True, "valid": LONG}
    certificates: dict[str, dict[str, Any]] = {
        "root": {**ca, "subject": "CN=Cross-check Root"},
        "stranger_root": {**ca, "subject": "CN=Stranger Root"},
        "ca": {**ca, "subject": "CN=Cross-check CA", "issuer": "root", "key": "rsa2048"},
        "stranger": {**ca, "subject": "CN=Stranger CA", "issuer": "stranger_root"},
        "deep": {**ca, "subject": "CN=Deep CA", "issuer": "middle"},
        "middle": {**ca, "subject": "CN=Middle CA", "issuer": "root"},
        "old_ca": {
            **ca,
            "subject": "CN=Old CA",
            "issuer": "root",
            "valid": (NOW - 900 * DAY, NOW - DAY),
        },
        "short_ca": {**ca, "subject": "CN=Short CA", "issuer": "root", "path_length": 0},
        "below_ca": {**ca, "subject": "CN=Below CA", "issuer": "short_ca"},
        "constrained": {
            **ca,
            "subject": "CN=Constrained CA",
            "issuer": "root",
            "permitted_dns": ["example.org"],
        },
    }  # fmt: skip
    usual = {"issuer": "ca", "dns": [HOST], "subject": f"CN={HOST}"}
    certificates |= {name: {**usual, "valid": USUAL, **leaf} for name, leaf in LEAVES.items()}
    chains = {name: [name, certificates[name]["issuer"]] for name in LEAVES} | {"root": ["root"]}
    chains["no_intermediate"] = ["no_intermediate"]
    chains["stray_certificate"] = ["stray_certificate", "stranger", "ca"]
    chains["wrong_order"] = ["wrong_order", "middle", "deep"]
    chains["path_too_long"] = ["path_too_long", "below_ca", "short_ca"]
    return factory.recipe_of({"certificate": certificates, "chain": chains})


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with chain and key of every case, and the root that clients trust."""
    folder = tmp_path_factory.mktemp("pki")
    made = factory.Factory(recipe())
    (folder / "root.pem").write_bytes(made.chain("root"))
    for name in LEAVES:
        (folder / f"{name}.pem").write_bytes(made.chain(name))
        (folder / f"{name}.key").write_bytes(made.certificate(name).key_pem)
    return folder


@pytest.fixture(scope="module")
def servers(pki: Path) -> Iterator[dict[tuple[str, str], Server]]:
    """One server per case and version, on ports of its own."""
    made = {
        (case, version): Server(pki / f"{case}.pem", pki / f"{case}.key", version)
        for case in LEAVES
        for version in VERSIONS
    }
    yield made
    for server in made.values():
        server.close()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", CLIENTS)
def test_prediction_is_what_a_real_client_does(
    name: str, version: str, pki: Path, servers: dict[tuple[str, str], Server]
) -> None:
    client = CLIENTS[name]
    if shutil.which(client.program) is None:
        missing = f"{client.program} is not installed"
        assert not (client.required and "CI" in os.environ), missing
        pytest.skip(missing)
    wrong = {}
    for case in sorted(client.cases or LEAVES):
        server = servers[case, version]
        before = len(server.saw)
        run(client, server.port, pki / "root.pem", pki)
        met = wait_for(server, before)
        assert met is not None, f"{name} did not connect for {case}"
        seen, flight = met
        known = client_from_hello(hello_of(flight), family=client.family)
        prediction = predict(
            known,
            CertificateChain.from_pem(pki / f"{case}.pem"),
            ServerSettings(versions=(version,)),
            trust=TrustStore.from_pem(pki / "root.pem"),
            host=HOST,
            at=NOW,
        )
        if prediction.seen != seen:
            wrong[case] = {"predicted": prediction.seen, "really": seen}
    assert not wrong


def wait_for(server: Server, before: int) -> tuple[str, bytes] | None:
    """Return the first connection after `before`; the server may need a moment to finish."""
    for _ in range(200):
        if len(server.saw) > before:
            return server.saw[before]
        threading.Event().wait(0.01)
    return None
