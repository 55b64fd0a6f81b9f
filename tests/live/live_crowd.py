"""A crowd of real clients: openssl, curl, GnuTLS and Python, each with its own roots and pins."""

import base64
import hashlib
import itertools
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from live_authority import HOST
from live_rig import Rig

REQUEST = f"GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode()
THREADS = 3
Client = Callable[[str], bool]  # an address to come from; whether it was served


def pin(bundle: Path) -> str:
    """Return the pin (RFC 7469) of the leaf's key."""
    leaf = x509.load_pem_x509_certificates(bundle.read_bytes())[0]
    info = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "sha256//" + base64.b64encode(hashlib.sha256(info).digest()).decode()


def ran(*command: str) -> bool:
    done = subprocess.run(command, input=REQUEST, capture_output=True, timeout=20, check=False)
    return done.returncode == 0


def openssl(rig: Rig, roots: Path) -> Client:
    where = ["-connect", f"127.0.0.1:{rig.port}", "-servername", HOST, "-CAfile", str(roots)]
    check = ["-verify_return_error", "-verify_hostname", HOST, "-quiet", "-ign_eof"]
    return lambda source: ran("openssl", "s_client", *where, *check, "-bind", f"{source}:0")


def curl(rig: Rig, roots: Path, *more: str) -> Client:
    quiet = ["-s", "-o", "/dev/null", "--max-time", "10", "--cacert", str(roots), *more]
    where = ["--resolve", f"{HOST}:{rig.port}:127.0.0.1", f"https://{HOST}:{rig.port}/"]
    return lambda source: ran("curl", *quiet, "--interface", source, *where)


def gnutls(rig: Rig, roots: Path) -> Client:
    """It cannot choose its address, so all of these are one client a window."""
    names = ["--sni-hostname", HOST, "--verify-hostname", HOST, "--x509cafile", str(roots)]
    return lambda _: ran("gnutls-cli", *names, "--port", str(rig.port), "127.0.0.1")


def python(rig: Rig, roots: Path) -> Client:
    context = ssl.create_default_context(cafile=str(roots))

    def asked(source: str) -> bool:
        try:
            raw = socket.create_connection(("127.0.0.1", rig.port), 5.0, (source, 0))
            with raw, context.wrap_socket(raw, server_hostname=HOST) as link:
                link.sendall(REQUEST)
                return link.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    return asked


class Crowd:
    """Takes the clients in turn, `per_s` of them a second, until it is left."""

    def __init__(self, clients: list[Client], per_s: float) -> None:
        self.clients, self.pause_s = clients, THREADS / per_s
        self.made = [0] * len(clients)
        self.failed = [0] * len(clients)
        self._number, self._lock, self._over = (
            itertools.count(),
            threading.Lock(),
            threading.Event(),
        )
        self._threads = [threading.Thread(target=self._run) for _ in range(THREADS)]

    def _run(self) -> None:
        while not self._over.is_set():
            began_s = time.monotonic()
            i = next(self._number)
            which = i % len(self.clients)
            fine = self.clients[which](f"127.{1 + i // 62_500}.{1 + i // 250 % 250}.{1 + i % 250}")
            with self._lock:
                self.made[which] += 1
                self.failed[which] += not fine
            self._over.wait(max(began_s + self.pause_s - time.monotonic(), 0.0))

    def __enter__(self) -> "Crowd":
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for one in self._threads:
            one.join()
