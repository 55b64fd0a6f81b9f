"""The control socket: an operator's words reach the loop, and its status reaches the operator.

A unix socket of mode 0600; one line of JSON in (`{"word": "pause"}`), one line out.
"""

import contextlib
import json
import queue
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from simcert.control.phases import COMMANDS
from simcert.errors import InputError, MachineError, cause

LINE_BYTES_MAX = 4096
WORDS = ("status", *COMMANDS)
_TIMEOUT_S = 10.0


class ControlSocket:
    """Listens at `path`; words wait in `words` until the loop takes them, `woken` wakes it.

    What is answered with `done` is in `words` before `close` returns: whoever closes takes it out.
    """

    def __init__(self, path: Path, status: Callable[[], Mapping[str, Any]]) -> None:
        self.words: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.woken = threading.Event()
        self._status = status
        self._path = path
        self._lock, self._closed = threading.Lock(), False
        self._listener = _bound(path)
        threading.Thread(target=self._run, name="control", daemon=True).start()

    def close(self) -> None:
        """Stop listening; a word that comes now is not answered."""
        with self._lock:
            self._closed = True
        self._path.unlink(missing_ok=True)
        self._listener.close()

    def _run(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                link, _ = self._listener.accept()
                with link:
                    link.settimeout(_TIMEOUT_S)
                    with contextlib.suppress(OSError, ValueError):
                        link.sendall(json.dumps(self._answer(_line(link))).encode() + b"\n")

    def _answer(self, line: bytes) -> Mapping[str, Any]:
        asked = json.loads(line)
        word = asked.get("word") if isinstance(asked, dict) else None
        if word == "status":
            return self._status()
        if word not in COMMANDS:
            return {"error": f"unknown word {word!r}; known: {', '.join(WORDS)}"}
        with self._lock:
            if self._closed:
                raise BrokenPipeError
            self.words.put(word)
        self.woken.set()
        return {"done": word}


def ask(path: Path, word: str) -> dict[str, Any]:
    """Return what the controller behind `path` answers; MachineError if there is none."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(_TIMEOUT_S)
            link.connect(str(path))
            link.sendall(json.dumps({"word": word}).encode() + b"\n")
            answer: dict[str, Any] = json.loads(_line(link, 1 << 24))
    except (OSError, ValueError) as error:
        remedy = "`simcert live CONFIG.toml` starts one"
        raise MachineError(f"{path}: no controller answers ({cause(error)}); {remedy}") from error
    if "error" in answer:
        raise InputError(answer["error"])
    return answer


def _line(link: socket.socket, most: int = LINE_BYTES_MAX) -> bytes:
    data = b""
    while not data.endswith(b"\n") and len(data) <= most and (part := link.recv(65_536)):
        data += part
    return data


def _bound(path: Path) -> socket.socket:
    try:
        path.unlink(missing_ok=True)  # the journal's lock says that nobody else listens
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen()
    except OSError as error:
        raise MachineError(f"{path}: cannot listen: {error.strerror}") from error
    return listener
