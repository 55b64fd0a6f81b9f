"""The document of `simcert validate`: sealed, bound to one policy and one code, and not for ever.

The seal is a SHA-256 over everything else in the document. It shows that nothing was changed since;
it does not show who wrote it, for whoever writes the file can seal it again. A signature does.
"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from simcert.control import signing
from simcert.errors import InputError

SCHEMA = 1
FULL = "full"
_TEXTS = ("digest", "verdict", "kind", "issued", "expires", "code", "suite")
_MESSAGE = b"simcert validation\n"  # a signature of ours is none of anything else
AGAIN = "run `simcert validate` again"


@dataclass(frozen=True, slots=True)
class Expected:
    """What is about to fly: digests of policy and code, the time, and the key of who may sign."""

    policy: str
    code: str
    now: dt.datetime
    key: bytes | None = None
    key_name: str = "key"


def sealed(
    document: Mapping[str, Any], key: bytes | None = None, key_name: str = "key"
) -> dict[str, Any]:
    """Return the document with its seal, signed if there is a key."""
    body = _content(document)
    text = canonical(body)
    signature = None if key is None else signing.sign(key, _MESSAGE + text, key_name)
    return {**body, "seal": sha256(text).hexdigest(), "signature": signature}


def canonical(value: object) -> bytes:
    """Return the one way to write a JSON value: what is sealed does not depend on layout."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


def read(text: str, name: str) -> dict[str, Any]:
    """Return a document that was read from `name`; InputError unless it is one of ours."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: is no JSON: {error}; {AGAIN}") from error
    if not isinstance(found, dict) or "seal" not in found or "schema" not in found:
        raise InputError(f"{name}: is no document of `simcert validate`")
    if found["schema"] != SCHEMA:
        raise InputError(f"{name}: schema {found['schema']!r}, this simcert reads {SCHEMA}")
    bad = [key for key in _TEXTS if not isinstance(found.get(key), str)]
    if bad:
        raise InputError(f'{name}: key "{bad[0]}" is missing or no text; {AGAIN}')
    return found


def check(document: Mapping[str, Any], name: str, expected: Expected) -> None:
    """Raise InputError with the first reason why `expected` may not fly on this document."""
    for reason in (_tampered, _unsigned, _unfit, _other, _expired):
        if said := reason(document, expected):
            raise InputError(f"{name}: {said}")


def _tampered(document: Mapping[str, Any], expected: Expected) -> str:
    del expected
    if document["seal"] == sha256(_body(document)).hexdigest():
        return ""
    return f"was changed after it was sealed; {AGAIN}"


def _unsigned(document: Mapping[str, Any], expected: Expected) -> str:
    if expected.key is None:
        return ""
    message, found = _MESSAGE + _body(document), document.get("signature")
    if signing.is_signed(expected.key, message, found, expected.key_name):
        return ""
    said = "is not signed" if found is None else "is signed by somebody else"
    return f"{said}: {expected.key_name} does not vouch for it"


def _unfit(document: Mapping[str, Any], expected: Expected) -> str:
    del expected
    if document["verdict"] != "pass":
        return f'its verdict is "{document["verdict"]}": the policy was not found fit'
    if document["kind"] != FULL:
        return f"is a {document['kind']} validation; a flight needs a full one, without --quick"
    return ""


def _other(document: Mapping[str, Any], expected: Expected) -> str:
    if document["digest"] != expected.policy:
        return f"was issued for another policy or other parameters; validate this one, or {AGAIN}"
    if document["code"] != expected.code:
        return f"was issued for other code of simcert; {AGAIN}"
    return ""


def _expired(document: Mapping[str, Any], expected: Expected) -> str:
    moments = [_moment(document[key]) for key in ("issued", "expires")]
    if None in moments:
        return "issued or expires is no time with a zone"
    issued, expires = moments
    assert issued is not None
    assert expires is not None
    if expected.now >= expires:
        return f"expired on {document['expires']}; {AGAIN}"
    if issued > expected.now + dt.timedelta(minutes=5):
        return f"was issued in the future, {document['issued']}; set the clock"
    return ""


def _moment(text: str) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _content(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what seal and signature vouch for: everything but themselves."""
    return {name: value for name, value in document.items() if name not in ("seal", "signature")}


def _body(document: Mapping[str, Any]) -> bytes:
    try:
        return canonical(_content(document))
    except (ValueError, RecursionError):  # NaN is JSON to Python, and never ours
        return b""
