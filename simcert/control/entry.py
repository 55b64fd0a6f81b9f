"""Entry: one line of a journal; a file is anybody's, so that keys, types and sizes are checked."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from simcert.errors import InputError
from simcert.model.bounds import SECONDS, SHARE, Within, refusal

LINE_MAX = 16_000_000  # characters; a longer line is no entry of ours
SHOWN = 40  # characters of a value that does not fit
Check = Callable[[Any], str]  # what a value should have been; nothing if it is that


def _number(kind: type, limit: Within) -> Check:
    return lambda value: refusal(value, kind, limit)


def _of(kind: type, said: str, *, optional: bool = False) -> Check:
    return lambda value: "" if isinstance(value, kind) or (optional and value is None) else said


def _memory(value: object) -> str:
    """Python reads NaN, and 1e999 as infinite, where JSON has neither: nothing of ours has."""
    if not isinstance(value, dict):
        return "a table"
    try:
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return "a table of finite numbers"
    return ""


_time, _share = _number(float, SECONDS), _number(float, SHARE)
_text, _table = _of(str, "a text"), _of(dict, "a table")
_perhaps = _of(dict, "a table or null", optional=True)
FIELDS: Mapping[str, Mapping[str, Check]] = {
    "start": {
        "version": _number(int, Within(1)),
        "policy": _text,
        "params": _table,
        "plan": _table,
        "prior": _perhaps,
        "truth": _perhaps,
    },
    "state": {"t": _time, "state": _memory},
    "window": {"t": _time, "window": _table},
    "decision": {"t": _time, "exposure": _share, "kind": _text, "reason": _text, "memory": _memory},
    "confirm": {"t": _time, "exposure": _share},
    "command": {"t": _time, "word": _text},
    "error": {"t": _time, "what": _text},
    "end": {"t": _time, "end": _text},
}
"""Keys that an entry of each kind must have; `start` and `end` may have more."""
_OPEN = ("start", "end")


def parse(line: str, place: str) -> dict[str, Any]:
    """Return the entry in a line; InputError says where it is none, and what was expected."""
    if len(line) > LINE_MAX:
        raise InputError(f"{place}: line of {len(line)} characters, at most {LINE_MAX}")
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: not JSON: {error}; is this a journal.jsonl?") from error
    kind = entry.get("entry") if isinstance(entry, dict) else None
    if not isinstance(kind, str) or kind not in FIELDS:
        raise InputError(f"{place}: entry {kind!r:.{SHOWN}} is none of {', '.join(FIELDS)}")
    _check(kind, entry, place)
    return dict(entry)


def _check(kind: str, entry: Mapping[str, Any], place: str) -> None:
    wanted, keys = FIELDS[kind], entry.keys() - {"entry"}
    if missing := wanted.keys() - keys:
        raise InputError(f'{place}: {kind} without "{min(missing)}"')
    if kind not in _OPEN and (extra := keys - wanted.keys()):
        raise InputError(f'{place}: {kind} with unknown key "{min(extra)}"')
    for key, check in wanted.items():
        if said := check(entry[key]):
            raise InputError(f"{place}: {kind}: {key} must be {said}, got {entry[key]!r:.{SHOWN}}")
