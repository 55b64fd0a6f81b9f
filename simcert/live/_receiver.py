"""Receives streams of records in a thread, with bounded memory; a full buffer stops the reading.

What is not read waits in HAProxy's ring; what the ring overwrites shows in its numbering.
"""

import contextlib
import selectors
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path

from simcert.errors import MachineError, cause
from simcert.live._addresses import address
from simcert.live._frames import Frames

HELD_BYTES_MAX = 64 << 20
CONNECTIONS_MAX = 64
_READ_BYTES = 1 << 18


@dataclass(slots=True)
class _Stream:
    frames: Frames = field(default_factory=Frames)
    parts: list[bytes] = field(default_factory=list)
    open: bool = True


class Receiver:
    """Listens at `unix@PATH` (mode 0600) or `host:port`; MachineError if that is impossible."""

    def __init__(self, where: str) -> None:
        self._listener = _listening(where)
        self._streams: dict[socket.socket, _Stream] = {}
        self._lock = threading.Lock()
        self._held = 0
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="records", daemon=True)
        self._thread.start()

    @property
    def connected(self) -> bool:
        """Whether somebody sends records; MachineError if nobody reads them any more."""
        if not self._thread.is_alive():
            raise MachineError("the receiver of records has stopped")
        with self._lock:
            return any(one.open for one in self._streams.values())

    def take(self) -> list[tuple[bytes, list[int]]]:
        """Return the whole frames of every stream since the last call."""
        with self._lock:
            taken = [(one, b"".join(one.parts)) for one in self._streams.values()]
            for one, _ in taken:
                one.parts.clear()
            self._held = 0
            self._streams = {k: one for k, one in self._streams.items() if one.open}
        return [one.frames.take(data) for one, data in taken if data]

    def close(self) -> None:
        """Stop; what was not taken is gone."""
        self._wake.send(b"x")
        self._thread.join(2.0)
        for one in (self._listener, self._wake, self._woken, *self._streams):
            one.close()
        self._selector.close()

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select(0.2):
                if key.fileobj is self._woken:
                    return
                if key.fileobj is self._listener:
                    self._accept()
                elif self._held < HELD_BYTES_MAX:
                    assert isinstance(key.fileobj, socket.socket)
                    self._read(key.fileobj)
            if self._held >= HELD_BYTES_MAX:
                threading.Event().wait(0.05)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            link, _ = self._listener.accept()
            with self._lock:
                if sum(one.open for one in self._streams.values()) >= CONNECTIONS_MAX:
                    link.close()
                    return
                self._streams[link] = _Stream()
            link.setblocking(False)
            self._selector.register(link, selectors.EVENT_READ)

    def _read(self, link: socket.socket) -> None:
        try:
            data = link.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        with self._lock:
            stream = self._streams[link]
            if data:
                stream.parts.append(data)
                self._held += len(data)
            else:
                stream.open = False
        if not data:
            self._selector.unregister(link)
            link.close()


def _listening(where: str) -> socket.socket:
    try:
        return _unix(Path(where[5:])) if where.startswith("unix@") else _tcp(where)
    except OSError as error:
        raise MachineError(f"{where}: cannot listen for records: {cause(error)}") from error


def _unix(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen()
    return listener


def _tcp(where: str) -> socket.socket:
    listener = socket.create_server(address(where))
    listener.listen()
    return listener
