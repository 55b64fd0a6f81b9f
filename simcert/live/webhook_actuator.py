"""Exposure through somebody's own URL: PUT sets it, GET tells what is in force.

Contract: PUT and GET of the same URL with `{"exposure_basis_points": 500, "token": 7}`. A server
that knows a higher token answers 409: then this controller is no longer the leader.
"""

from dataclasses import dataclass, field
from typing import Any

from simcert.control.orders import BASIS
from simcert.errors import MachineError
from simcert.live._public import public, why
from simcert.live.exec_actuator import points_of
from simcert.live.haproxy_actuator import to_points

KEY = "exposure_basis_points"


@dataclass(frozen=True, slots=True)
class WebhookActuator:
    """Talks to `url`; `bearer` is sent as a token of authorisation and never shown."""

    url: str
    bearer: str = field(default="", repr=False)
    timeout_s: float = 5.0
    token: int = 0

    def apply(self, exposure: float, now_s: float) -> None:
        """Put `exposure` in force; MachineError if the server refuses or reads back another."""
        points = to_points(exposure)
        self._asked("PUT", {KEY: points, "token": self.token})
        live = round(self.read_back(now_s) * BASIS)
        if live != points:
            raise MachineError(f"{public(self.url)}: asked for {points}, {live} is in force")

    def read_back(self, now_s: float) -> float:
        """Return the exposure that the server says is in force."""
        del now_s
        return points_of(str(self._asked("GET").get(KEY)), public(self.url)) / BASIS

    def _asked(self, method: str, body: dict[str, int] | None = None) -> dict[str, Any]:
        import httpx

        headers = {"Authorization": f"Bearer {self.bearer}"} if self.bearer else {}
        try:
            with httpx.Client(trust_env=False, timeout=self.timeout_s) as client:
                answer = client.request(method, self.url, json=body, headers=headers)
            answer.raise_for_status()
            said = answer.json() if method == "GET" else {}
        except (httpx.HTTPError, ValueError) as error:
            raise MachineError(f"{public(self.url)}: {method}: {why(error)}") from None
        if not isinstance(said, dict):
            raise MachineError(f"{public(self.url)}: answered no JSON object")
        return said
