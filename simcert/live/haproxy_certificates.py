"""Certificates of a running HAProxy: file first, then set, commit and look; no reload.

HAProxy checks that key and certificate belong together, and nothing else; a bundle must have been
checked before it comes here. What a refused transaction leaves open is aborted.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from simcert.errors import MachineError
from simcert.live._bundle import Bundle
from simcert.live.haproxy_actuator import write_private
from simcert.live.haproxy_socket import HaproxySocket

_SERIAL = re.compile(r"^Serial: ([0-9A-Fa-f]+)", re.M)


@dataclass(frozen=True, slots=True)
class HaproxyCertificates:
    """Installs bundles under the fixed file names that the configuration mentions."""

    socket: HaproxySocket

    def install(self, path: Path, bundle: Bundle) -> None:
        """Serve `bundle` from `path` from now on; connections that exist are not touched.

        MachineError if HAProxy refuses; then the old one stays in use, also after a restart.
        """
        before = path.read_text(encoding="ascii") if path.is_file() else None
        write_private(path, bundle.pem)
        try:
            self._commit(path, bundle)
        except MachineError:
            if before is not None:
                write_private(path, before)
            raise

    def _commit(self, path: Path, bundle: Bundle) -> None:
        self.abort_open(path)
        said = self.socket.ask(f"set ssl cert {path}", "\n".join(_lines(bundle.pem)))
        answer = self.socket.ask(f"commit ssl cert {path}")
        if "Success" not in answer:
            self.abort_open(path)
            raise MachineError(f"{path}: HAProxy refused the certificate: {_last(answer or said)}")
        if self.serial(path) != bundle.serial:
            raise MachineError(f"{path}: HAProxy serves another certificate than the one installed")

    def abort_open(self, path: Path) -> None:
        """Abort a transaction that somebody, perhaps a crashed self, left open."""
        if f"*{path}" in self.socket.ask("show ssl cert"):
            self.socket.ask(f"abort ssl cert {path}")

    def serial(self, path: Path) -> str:
        """Return the serial number of the certificate in use; MachineError if there is none."""
        answer = self.socket.ask(f"show ssl cert {path}")
        found = _SERIAL.search(answer)
        if found is None:
            raise MachineError(f"{path}: HAProxy knows no such certificate: {_last(answer)}")
        return found[1].upper()


def _lines(pem: str) -> list[str]:
    """Return the lines of a bundle; an empty one would end HAProxy's reading."""
    return [line for line in pem.splitlines() if line.strip()]


def _last(answer: str) -> str:
    return answer.splitlines()[-1] if answer else "no answer"
