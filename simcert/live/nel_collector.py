"""Network Error Logging (W3C): what browsers report of our hosts, counted and shown, never obeyed.

Anybody on the internet may post here, so a report moves nothing: it names a cause (expired, wrong
name, unknown authority) where the wire shows only alert 46. Size, shape and rate are limited, and
memory is bounded. Serve it under a host whose certificate is not the one that rotates.
"""

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from simcert.live._serving import Serving, check_installed

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

BODY_BYTES_MAX = 65_536
REPORTS_MAX = 100  # in one request
AGE_MS_MAX = 86_400_000
ADDRESSES_MAX = 10_000
PER_ADDRESS_S, PER_ADDRESS_BURST = 1.0, 20.0
ALL_S, ALL_BURST = 200.0, 1000.0
TYPES = frozenset(
    {
        "tls.version_or_cipher_mismatch",
        "tls.bad_client_auth_cert",
        "tls.cert.name_invalid",
        "tls.cert.date_invalid",
        "tls.cert.authority_invalid",
        "tls.cert.invalid",
        "tls.cert.revoked",
        "tls.cert.pinned_key_not_in_cert_chain",
        "tls.protocol.error",
        "tls.failed",
    }
)
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "content-type",
    "Access-Control-Max-Age": "86400",
}


@dataclass(slots=True)
class _Bucket:
    """A rate with a burst."""

    level: float
    at_s: float

    def pass_(self, now_s: float, rate: float, burst: float, cost: float) -> bool:
        self.level = min(burst, self.level + (now_s - self.at_s) * rate)
        self.at_s = now_s
        if self.level < cost:
            return False
        self.level -= cost
        return True


@dataclass(slots=True)
class NelCollector:
    """Counts reports about `hosts` by type; `refused` counts what was not taken, by reason."""

    hosts: frozenset[str]
    clock: Callable[[], float] = time.monotonic
    reports: dict[str, int] = field(default_factory=lambda: dict.fromkeys(sorted(TYPES), 0))
    refused: dict[str, int] = field(default_factory=dict)
    _all: _Bucket = field(init=False)
    _addresses: OrderedDict[str, _Bucket] = field(default_factory=OrderedDict)
    _serving: Serving | None = None

    def __post_init__(self) -> None:
        self._all = _Bucket(ALL_BURST, self.clock())

    def take(self, body: bytes, address: str) -> int:
        """Count the reports of one request; return the HTTP status."""
        if len(body) > BODY_BYTES_MAX:
            return self._refuse("too large", 413)
        if not self._admitted(address):
            return self._refuse("too many", 429)
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            return self._refuse("not JSON", 400)
        if not isinstance(found, list) or len(found) > REPORTS_MAX:
            return self._refuse("wrong shape", 400)
        for one in found:
            self._count(one)
        return 204

    def _count(self, one: object) -> None:
        kind = self._kind(one) if isinstance(one, dict) else None
        if kind is None:
            self._refuse("wrong shape", 0)
        elif kind in TYPES:
            self.reports[kind] += 1

    def _kind(self, one: Mapping[str, Any]) -> str | None:
        """Return the type of a report about one of our hosts, None if it is none."""
        body, url, age = one.get("body"), one.get("url"), one.get("age")
        if one.get("type") != "network-error" or not isinstance(body, dict):
            return None
        if not isinstance(url, str) or not isinstance(age, int) or not 0 <= age <= AGE_MS_MAX:
            return None
        try:
            host = urlsplit(url).hostname
        except ValueError:
            return None
        kind = body.get("type")
        return kind if host in self.hosts and isinstance(kind, str) else None

    def _admitted(self, address: str) -> bool:
        now_s = self.clock()
        own = self._addresses.pop(address, None) or _Bucket(PER_ADDRESS_BURST, now_s)
        self._addresses[address] = own
        while len(self._addresses) > ADDRESSES_MAX:
            self._addresses.popitem(last=False)
        return own.pass_(now_s, PER_ADDRESS_S, PER_ADDRESS_BURST, 1.0) and self._all.pass_(
            now_s, ALL_S, ALL_BURST, 1.0
        )

    def _refuse(self, why: str, status: int) -> int:
        self.refused[why] = self.refused.get(why, 0) + 1
        return status

    def serve(self, where: str) -> None:
        """Listen at `where`, path `/nel`; MachineError if that is impossible."""
        check_installed()
        self._serving = Serving(self._app(), where)

    def _app(self) -> "Starlette":
        from starlette.applications import Starlette
        from starlette.responses import Response as Answer
        from starlette.routing import Route

        async def post(request: "Request") -> "Response":
            if request.method == "OPTIONS":
                return Answer(status_code=204, headers=CORS)
            kind = request.headers.get("content-type", "").partition(";")[0]
            if kind != "application/reports+json":
                return Answer(status_code=self._refuse("not a report", 415), headers=CORS)
            body = b""
            async for part in request.stream():
                body += part
                if len(body) > BODY_BYTES_MAX:
                    break
            address = request.client.host if request.client else ""
            return Answer(status_code=self.take(body, address), headers=CORS)

        return Starlette(routes=[Route("/nel", post, methods=["POST", "OPTIONS"])])

    def shown(self) -> dict[str, Any]:
        """Return the counts that are not 0, as JSON values."""
        return {
            "counted": {kind: n for kind, n in self.reports.items() if n},
            "refused": dict(self.refused),
        }

    def close(self) -> None:
        """Stop listening."""
        if self._serving is not None:
            self._serving.close()
