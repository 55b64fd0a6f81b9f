"""Exposure as an entry of a HAProxy map: the file first, then the running process, then read back.

The map holds basis points (0 to 10000), so steps of 0.01 % are exact. HAProxy reads the file when
it starts; because it is written first, a restart at any moment serves what was decided last.
Where clients stick to an arm by a hash, the entry also holds the salt of the stage, in one number
and so at one moment: salt * 100000 + basis points.
"""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from simcert.control.orders import BASIS, points
from simcert.errors import MachineError
from simcert.live.haproxy_socket import HaproxySocket

SALT = 100_000
SALTS = 10_000  # then from 1 again
_VALUE = re.compile(r'value="(\d+)"')


@dataclass(slots=True)
class HaproxyActuator:
    """Drives `map_str_int(MAP,0)` of the configuration that `simcert live plan` prints."""

    socket: HaproxySocket
    map_file: Path
    key: str = "exposure"
    salted: bool = False
    worker: str | None = field(default=None, init=False)  # that answered last

    def apply(self, exposure: float, now_s: float) -> None:
        """Put `exposure` in force; MachineError if HAProxy does not confirm it.

        A raise that the process does not take is taken back from the file, so that no later
        restart applies it; a lowering stays in the file.
        """
        del now_s
        asked = to_points(exposure)
        before = self._file()
        entry = asked + SALT * self._salt(before)
        self._write(entry)
        try:
            self._set(entry)
        except MachineError:
            if before is not None and asked > before % SALT:
                self._write(before)
            raise

    def renew(self) -> None:
        """Begin a stage of what is in force: who forgot which clients he saw needs fresh coins.

        Where the file holds less, that is what was decided last.
        """
        if self.salted:
            live, kept = self._live() % SALT, self._file()
            self.apply(min(live, live if kept is None else kept % SALT) / BASIS, 0.0)

    def read_back(self, now_s: float) -> float:
        """Return the exposure that the running process draws with."""
        del now_s
        self.worker = self.socket.worker()
        return self._live() % SALT / BASIS

    def _salt(self, before: int | None) -> int:
        """Return the salt of the stage that begins: no coin of a client is thrown twice."""
        return (before or 0) // SALT % SALTS + 1 if self.salted else 0

    def _set(self, entry: int) -> None:
        answer = self.socket.ask(f"set map {self.map_file} {self.key} {entry}")
        live = self._live()
        if live != entry:  # HAProxy ignores what it cannot parse, without a word
            said = f" ({answer})" if answer else ""
            raise MachineError(f"{self.map_file}: asked for {entry}, HAProxy has {live}{said}")

    def _live(self) -> int:
        answer = self.socket.ask(f"get map {self.map_file} {self.key}")
        found = _VALUE.search(answer)
        if found is None or "found=yes" not in answer:
            raise MachineError(f'{self.map_file}: HAProxy has no entry "{self.key}": {answer}')
        entry = int(found[1])
        if entry % SALT > BASIS:
            raise MachineError(f"{self.map_file}: HAProxy has {entry % SALT}, more than {BASIS}")
        return entry

    def _file(self) -> int | None:
        try:
            name, _, value = self.map_file.read_text(encoding="ascii").partition(" ")
            return int(value) if name == self.key else None
        except (OSError, ValueError):
            return None

    def _write(self, entry: int) -> None:
        write_private(self.map_file, f"{self.key} {entry}\n")


def to_points(exposure: float) -> int:
    """Return basis points, rounded down, so that no more is in force than was decided.

    MachineError if it is no share; the smallest exposure above 0 is one point.
    """
    if not 0.0 <= exposure <= 1.0:
        raise MachineError(f"exposure {exposure!r} is not in [0, 1]")
    return points(exposure)


def write_private(path: Path, text: str) -> None:
    """Replace a file at once and for good: readers see the old or the new one, mode 0600."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise MachineError(f"{path}: cannot be written: {error.strerror}") from error
