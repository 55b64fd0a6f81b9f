"""JSON schema of a strict table: what `strict.build` accepts, for editors.

Types, bounds and defaults come from the same annotations; the comment behind a field, which is
already its documentation, becomes what an editor shows when one points at the key.
"""

import datetime as dt
import inspect
import re
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from math import isfinite, isinf
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from simcert.model.bounds import Within
from simcert.model.outcome import ALERTS
from simcert.scenario.strict import Distribution

Schema = dict[str, Any]
DIALECT = "http://json-schema.org/draft-07/schema#"  # what Taplo and its editors speak
_OUTCOME = (  # as `model.outcome.is_outcome` reads it: the only tables with free keys hold these
    "^(ok|close|ok_then_close|hang|(alert|ok_then_alert|server_abort):"
    f"(alert_[0-9]+|{'|'.join(sorted(ALERTS))}))$"
)
_PLAIN: Mapping[Any, Schema] = {
    float: {"type": "number"},
    int: {"type": "integer"},
    str: {"type": "string"},
    bool: {"type": "boolean"},
    dt.datetime: {"type": "string", "format": "date-time"},
    Distribution: {
        "type": "object",
        "propertyNames": {"pattern": _OUTCOME},
        "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1},
    },
}
_COMMENT = re.compile(r"^    (\w+)\s*:[^#\n]*#\s*(.+)$", re.M)


def table(
    cls: type, hidden: frozenset[str] = frozenset(), more: Mapping[str, Schema] | None = None
) -> Schema:
    """Return the schema of a dataclass; `more` are keys that its loader takes beside the fields."""
    hints, said = get_type_hints(cls, include_extras=True), _comments(cls)
    keys = [f for f in fields(cls) if f.init and f.name[0] != "_" and f.name not in hidden]
    properties = {f.name: _property(f, hints[f.name], said.get(f.name)) for f in keys}
    required = [f.name for f in keys if f.default is MISSING and f.default_factory is MISSING]
    schema: Schema = {"type": "object", "additionalProperties": False}
    if doc := inspect.getdoc(cls):
        schema["description"] = doc.splitlines()[0]
    return (
        schema
        | {"properties": {**properties, **(more or {})}}
        | ({"required": required} if required else {})
    )


def _property(one: "Field[Any]", hint: object, comment: str | None) -> Schema:
    schema = of(hint)
    if comment is not None:
        schema["description"] = comment
    if isinstance(one.default, str | int) or (
        isinstance(one.default, float) and isfinite(one.default)
    ):
        schema["default"] = one.default
    return schema


def of(hint: Any) -> Schema:  # noqa: ANN401 - an annotation
    """Return the schema of one annotation."""
    if get_origin(hint) is Annotated:
        kind, *limits = get_args(hint)
        return _bounded(of(kind), limits)
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    if isinstance(hint, type) and is_dataclass(hint):
        return table(hint)
    if get_origin(hint) in (Union, types.UnionType):
        return of(next(one for one in get_args(hint) if one is not type(None)))
    if get_origin(hint) is Literal:
        return {"enum": list(get_args(hint))}
    if get_origin(hint) is tuple:
        return {"type": "array", "items": of(get_args(hint)[0])}
    raise TypeError(f"no schema for {hint!r}: teach it here, as strict.py was taught")


def _bounded(schema: Schema, limits: list[Any]) -> Schema:
    """Put bounds on a number, or on every number of an array."""
    if schema.get("type") == "array":
        return schema | {"items": _bounded(schema["items"], limits)}
    for limit in limits:
        if isinstance(limit, Within) and not isinf(limit.low):
            schema["exclusiveMinimum" if limit.open_low else "minimum"] = limit.low
        if isinstance(limit, Within) and not isinf(limit.high):
            schema["exclusiveMaximum" if limit.open_high else "maximum"] = limit.high
    return schema


def _comments(cls: type) -> dict[str, str]:
    """Return what stands behind the fields in the source."""
    try:
        return dict(_COMMENT.findall(inspect.getsource(cls)))
    except (OSError, TypeError):  # no source, as in a frozen program
        return {}
