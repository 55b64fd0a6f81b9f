"""What one HAProxy record says of a handshake; a table of rules, measured with real clients.

`fc_err` is HAProxy's own code of the connection, `ssl_fc_err` OpenSSL's: library and reason packed,
an alert of the peer being 1000 plus its number. The same cause looks different from each client
library, so the outcome tells what was seen, never why.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from simcert.model import ALERTS, alert_name

REASON = 0x7FFFFF  # OpenSSL 3 packs library << 23 | reason
ALERT_BASE = 1000
NOT_TLS = frozenset({155, 156, 267})  # a proxy's or a plain request, or a wrong version number
REFUSALS: Mapping[int, str] = MappingProxyType(
    {  # OpenSSL's reason -> the alert that it sends for it
        102: "protocol_version",  # unsupported protocol, as older releases number it
        118: "handshake_failure",  # no suitable signature algorithm
        193: "handshake_failure",  # no shared cipher
        101: "handshake_failure",  # no suitable key share
        258: "protocol_version",  # unsupported protocol
        235: "no_application_protocol",
        373: "inappropriate_fallback",
        244: "unexpected_message",
        159: "decode_error",  # length mismatch
    }
)
NO_HELLO = frozenset({23, 24, 25})  # aborted before a ClientHello: a port scan, a load balancer
TIMED_OUT = frozenset({26, 27})
AFTER = 43  # the connection broke after the handshake
STRANGE_MAX = 32


@dataclass(slots=True)
class HaproxyOutcomes:
    """Outcome by (fc_err, ssl_fc_err, hello seen); None for what says nothing of a certificate.

    Unregistered alert codes are kept, but only the first `STRANGE_MAX` of them: anybody may send
    any code, and names must not grow without bound.
    """

    _strange: set[int] = field(default_factory=set)

    def of(self, fc_err: int, ssl_err: int, hello: bool) -> str | None:
        """Return the outcome of an `err` record."""
        reason = ssl_err & REASON
        alert = reason - ALERT_BASE
        if 0 < alert < 256:
            return self._alert(alert, "ok_then_alert" if fc_err in (0, AFTER) else "alert")
        if reason in NOT_TLS or (fc_err in NO_HELLO and not hello):
            return None
        if fc_err in TIMED_OUT:
            return "hang" if hello else None
        if reason:
            return f"server_abort:{REFUSALS.get(reason, 'internal_error')}"
        return "ok_then_close" if fc_err in (0, AFTER) else _closed(hello)

    def _alert(self, code: int, kind: str) -> str:
        if code not in _REGISTERED and code not in self._strange:
            if len(self._strange) >= STRANGE_MAX:
                return "close"
            self._strange.add(code)
        return f"{kind}:{alert_name(code)}"


def _closed(hello: bool) -> str | None:
    return "close" if hello else None


_REGISTERED = frozenset(ALERTS.values())
