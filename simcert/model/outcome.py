"""Outcomes: what a server saw of one handshake, by RFC 8446 alert name; unknown codes are kept.

An outcome is a string: `ok`, `alert:<name>`, `close`, `ok_then_close`, `ok_then_alert:<name>`,
`server_abort:<name>` or `hang`. The `ok_then_*` ones are failures too: the client finished the
handshake, disliked the certificate, and left without a request.
"""

from enum import StrEnum
from functools import cache
from types import MappingProxyType

ARMS = ("old", "new")  # axis 1 of every array of a window
OLD, NEW = 0, 1
OK = "ok"

ALERTS = MappingProxyType(
    {  # RFC 8446 section 6, and the codes that RFC 5246 and RFC 7301 still put on the wire
        "close_notify": 0,
        "unexpected_message": 10,
        "bad_record_mac": 20,
        "record_overflow": 22,
        "handshake_failure": 40,
        "no_certificate": 41,
        "bad_certificate": 42,
        "unsupported_certificate": 43,
        "certificate_revoked": 44,
        "certificate_expired": 45,
        "certificate_unknown": 46,
        "illegal_parameter": 47,
        "unknown_ca": 48,
        "access_denied": 49,
        "decode_error": 50,
        "decrypt_error": 51,
        "protocol_version": 70,
        "insufficient_security": 71,
        "internal_error": 80,
        "inappropriate_fallback": 86,
        "user_canceled": 90,
        "no_renegotiation": 100,
        "missing_extension": 109,
        "unsupported_extension": 110,
        "unrecognized_name": 112,
        "bad_certificate_status_response": 113,
        "unknown_psk_identity": 115,
        "certificate_required": 116,
        "no_application_protocol": 120,
        "ech_required": 121,
    }
)
_NAMES = {code: name for name, code in ALERTS.items()}

_TRUST = frozenset({42, 43, 44, 45, 46, 48, 113})
_CRYPTO = frozenset({40, 47, 51, 70, 71, 109})

SIGNALS = ("failure", "trust_alert", "crypto_alert", "transport", "after_handshake", "other_alert")
"""Events that a detector may count; `failure` is any outcome but `ok`, the others split it."""


class Verdict(StrEnum):
    """What a channel says of the new certificate."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NO_DATA = "no_data"
    ERROR = "error"


def alert_name(code: int) -> str:
    """Return the registered name of an alert code, `alert_<code>` for an unknown one."""
    return _NAMES.get(code, f"alert_{code}")


def alert_code(name: str) -> int:
    """Return the code of an alert name, inverse of `alert_name`; KeyError for any other text."""
    if name in ALERTS:
        return ALERTS[name]
    prefix, _, digits = name.rpartition("_")
    if prefix == "alert" and digits.isdigit():
        return int(digits)
    raise KeyError(name)


def is_outcome(text: str) -> bool:
    """Return whether `text` has one of the forms that the first line of this file lists."""
    kind, colon, name = text.partition(":")
    if not colon:
        return kind in (OK, "close", "ok_then_close", "hang")
    try:
        return kind in ("alert", "ok_then_alert", "server_abort") and alert_code(name) >= 0
    except KeyError:
        return False


@cache
def in_signal(outcome: str, signal: str) -> bool:
    """Return whether `outcome` counts as an event of `signal`."""
    if signal == "failure":
        return outcome != OK
    return outcome != OK and _signal_of(outcome) == signal


def _signal_of(outcome: str) -> str:
    kind, _, name = outcome.partition(":")
    if kind.startswith("ok_then"):
        return "after_handshake"
    if not name:
        return "transport"
    code = alert_code(name)
    if code in _TRUST:
        return "trust_alert"
    return "crypto_alert" if code in _CRYPTO else "other_alert"
