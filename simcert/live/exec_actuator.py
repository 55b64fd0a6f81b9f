"""Exposure through somebody's own command or URL: nginx, Envoy, a cloud balancer, a DNS weight.

Contract: `set` gets the exposure and puts it in force, `get` prints the exposure in force; both in
basis points (0 to 10000). What cannot be read back was not applied.
"""

import subprocess
from dataclasses import dataclass

from simcert.control.orders import BASIS
from simcert.errors import MachineError, cause
from simcert.live.haproxy_actuator import to_points

OUTPUT_BYTES_MAX = 4096


@dataclass(frozen=True, slots=True)
class ExecActuator:
    """Runs `set_command` with `{points}` filled in, and `get_command`; no shell is involved.

    The controller's environment is passed on; the fencing token comes as `{token}`.
    """

    set_command: tuple[str, ...]
    get_command: tuple[str, ...]
    timeout_s: float = 10.0
    token: int = 0

    def apply(self, exposure: float, now_s: float) -> None:
        """Put `exposure` in force; MachineError if the command fails or something else is read."""
        points = to_points(exposure)
        words = {"{points}": str(points), "{token}": str(self.token)}
        self._run(tuple(_filled(word, words) for word in self.set_command))
        live = round(self.read_back(now_s) * BASIS)
        if live != points:
            raise MachineError(f"{self.set_command[0]}: asked for {points}, {live} is in force")

    def read_back(self, now_s: float) -> float:
        """Return the exposure that the command says is in force."""
        del now_s
        return points_of(self._run(self.get_command), self.get_command[0]) / BASIS

    def _run(self, command: tuple[str, ...]) -> str:
        try:
            done = subprocess.run(
                command, capture_output=True, timeout=self.timeout_s, check=False, text=True
            )
        except OSError as error:
            what = f"cannot be run: {cause(error)}; [exec] names it, with its full path"
            raise MachineError(f"{command[0]}: {what}") from error
        except (subprocess.SubprocessError, UnicodeDecodeError) as error:
            raise MachineError(f"{command[0]}: {error}") from error
        if done.returncode:
            said = done.stderr.strip()[-200:]
            raise MachineError(f"{command[0]}: exit code {done.returncode}: {said}")
        return done.stdout[:OUTPUT_BYTES_MAX]


def _filled(word: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        word = word.replace(name, value)
    return word


def points_of(text: str, who: str) -> int:
    """Return the basis points in an answer; MachineError if it is not exactly one such number."""
    said = text.strip()
    if not said.isascii() or not said.isdigit() or int(said) > BASIS:
        raise MachineError(f"{who}: said {said[:60]!r}, not a whole number from 0 to {BASIS}")
    return int(said)
