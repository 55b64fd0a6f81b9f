"""Our own clients, asked to connect to the new arm: before the first client is exposed, and after.

Each is a real client with a trust store of its own. One that fails blocks every raise; it never
lowers anything, for a broken probe must not veto what real clients show.
"""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from simcert.errors import InputError, MachineError
from simcert.live._addresses import address

TIMEOUT_S = 10.0
Command = Callable[[str, int, str, str], list[str]]


def _openssl(host: str, port: int, name: str, trust: str) -> list[str]:
    check = ["-verify_return_error", "-verify_hostname", name, "-CAfile", trust]
    return ["openssl", "s_client", "-connect", f"{host}:{port}", "-servername", name, *check]


def _curl(host: str, port: int, name: str, trust: str) -> list[str]:
    quiet = ["--silent", "--show-error", "--output", "/dev/null", "--noproxy", "*"]
    where = ["--cacert", trust, "--resolve", f"{name}:{port}:{host}", f"https://{name}:{port}/"]
    return ["curl", *quiet, *where]


def _gnutls(host: str, port: int, name: str, trust: str) -> list[str]:
    names = ["--sni-hostname", name, "--verify-hostname", name]
    return ["gnutls-cli", "--x509cafile", trust, *names, "--port", str(port), host]


COMMANDS: Mapping[str, Command] = MappingProxyType(
    {"openssl": _openssl, "curl": _curl, "gnutls": _gnutls}
)


@dataclass(frozen=True, slots=True)
class _Probe:
    """One client and the file of roots that it trusts."""

    client: str
    trust: Path

    def __str__(self) -> str:
        return f"{self.client} trusting {self.trust.name}"


@dataclass(slots=True)
class ProbeFleet:
    """Asks all probes in turn; `refusal` says which failed last time, or nothing.

    Until they were asked once, everything is refused. `asked` and `failed` count.
    """

    where: str
    host: str
    probes: Sequence[_Probe]
    every_s: float = 30.0
    asked: int = 0
    failed: int = 0
    refusal: str = "the probe clients have not been asked yet"
    _stop: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def of(
        cls, where: str, host: str, probes: Sequence[tuple[str, Path]], every_s: float
    ) -> "ProbeFleet":
        """Return a fleet; InputError for a client that is unknown or not installed."""
        for client, trust in probes:
            if client in COMMANDS and shutil.which(_program(client)) is None:
                raise InputError(f"probe {client}: {_program(client)} is not installed")
            if not trust.is_file():
                raise InputError(f"{trust}: no such file of roots for probe {client}")
        return cls(where, host, [_Probe(client, trust) for client, trust in probes], every_s)

    def ask(self) -> str:
        """Let every probe connect once; return which failed and why, or nothing."""
        said = {str(one): self._one(one) for one in self.probes}
        bad = [f"{name}: {what}" for name, what in said.items() if what]
        self.asked += len(said)
        self.failed += len(bad)
        self.refusal = "; ".join(bad)
        return self.refusal

    def start(self) -> None:
        """Ask now, and again every `every_s` in a thread."""
        self.ask()
        threading.Thread(target=self._run, name="probes", daemon=True).start()

    def _run(self) -> None:
        while not self._stop.wait(self.every_s):
            self.ask()

    def close(self) -> None:
        """Ask no more."""
        self._stop.set()

    def _one(self, probe: _Probe) -> str:
        """Return why a probe failed, or nothing."""
        host, port = address(self.where)
        try:
            if probe.client == "python":
                return self._python(host, port, probe.trust)
            command = COMMANDS[probe.client](host, port, self.host, str(probe.trust))
            return _ran(command)
        except (OSError, subprocess.SubprocessError, MachineError) as error:
            return str(error)[:200]

    def _python(self, host: str, port: int, trust: Path) -> str:
        context = ssl.create_default_context(cafile=str(trust))
        with (
            socket.create_connection((host, port), TIMEOUT_S) as raw,
            context.wrap_socket(raw, server_hostname=self.host) as link,
        ):
            link.sendall(f"HEAD / HTTP/1.0\r\nHost: {self.host}\r\n\r\n".encode("idna"))
            return "" if link.recv(1) else "closed without an answer"


def _program(client: str) -> str:
    return COMMANDS[client]("", 0, "", "")[0]


def _ran(command: list[str]) -> str:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    if done.returncode == 0:
        return ""
    lines = (done.stderr + done.stdout).decode("utf-8", "replace").strip().splitlines()
    telling = [one for one in lines if "error" in one.lower() or "verif" in one.lower()]
    return f"exit code {done.returncode}: {(telling or lines or ['no output'])[0][:160]}"
