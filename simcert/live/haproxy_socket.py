"""HAProxy's stats socket: one command, one answer, one connection; every trouble a MachineError."""

import socket
from dataclasses import dataclass
from pathlib import Path

from simcert.errors import MachineError, cause

ANSWER_BYTES_MAX = 1 << 20
_DENIED = ("Permission denied", "Unknown command")


@dataclass(frozen=True, slots=True)
class HaproxySocket:
    """The unix socket of `stats socket PATH mode 600 level admin` (management guide, 9.3)."""

    path: Path
    timeout_s: float = 2.0

    def ask(self, command: str, payload: str = "") -> str:
        """Return what HAProxy answers to a command; `payload` follows it after `<<`."""
        text = f"{command} <<\n{payload.strip()}\n\n" if payload else f"{command}\n"
        try:
            answer = self._exchanged(text.encode("ascii"))
        except (OSError, UnicodeError) as error:
            remedy = "is it running, with the configuration of `simcert live plan CONFIG --write`?"
            what = f"HAProxy does not answer: {cause(error)}"
            raise MachineError(f"{self.path}: {what}; {remedy}") from error
        if answer.startswith(_DENIED):
            remedy = "the stats socket needs `level admin`"
            raise MachineError(f"{self.path}: {_verb(command)}: {answer.splitlines()[0]}; {remedy}")
        return answer

    def _exchanged(self, text: bytes) -> str:
        parts: list[bytes] = []
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(self.timeout_s)
            link.connect(str(self.path))
            link.sendall(text)
            while (part := link.recv(65_536)) and sum(map(len, parts)) < ANSWER_BYTES_MAX:
                parts.append(part)
        return b"".join(parts).decode("utf-8", "replace").strip()

    def worker(self) -> str:
        """Return a name of the process that answers: another one after a reload or restart."""
        facts = dict(
            line.split(": ", 1) for line in self.ask("show info").splitlines() if ": " in line
        )
        if "Pid" not in facts:
            raise MachineError(f"{self.path}: `show info` names no process; is this HAProxy?")
        return f"{facts['Pid']}/{facts.get('Start_time_sec', '')}"


def _verb(command: str) -> str:
    """Return the words of a command that hold no secret."""
    return " ".join(command.split()[:3])
