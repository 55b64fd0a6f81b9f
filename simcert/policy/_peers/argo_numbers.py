"""Argo's conversions: what `asInt` and `asFloat` make of a value, as Go parses numbers.

Source: argoproj/argo-rollouts, utils/evaluate (Apache-2.0), and Go's strconv; read, not copied.
"""

import math
import re

from simcert.policy._peers.argo_functions import INT_END
from simcert.policy._peers.argo_parse import Value
from simcert.policy._peers.argo_tokens import ConditionError
from simcert.policy._peers.argo_types import is_number, shown

_INT = re.compile(r"[+-]?[0-9]{1,40}")
_FLOAT = re.compile(
    r"[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?)|nan", re.I | re.ASCII
)
_HEX_FLOAT = re.compile(
    r"[+-]?0x(?:[0-9a-f]+(?:\.[0-9a-f]*)?|\.[0-9a-f]+)p[+-]?\d+", re.I | re.ASCII
)


def as_int(value: Value) -> int:
    """Return the whole number that a value is, or that a string spells in base 10."""
    if isinstance(value, str) and _INT.fullmatch(value) and -INT_END <= int(value) < INT_END:
        return int(value)
    if is_number(value):
        return int(value) if abs(value) < INT_END else -INT_END
    raise ConditionError(f"asInt does not take {shown(value)}")


def as_float(value: Value) -> float:
    """Return the float that a value is, or that a string spells."""
    if isinstance(value, str) and (found := _parsed(value)) is not None:
        return found
    if is_number(value):
        return float(value)
    raise ConditionError(f"asFloat does not take {shown(value)}")


def _parsed(text: str) -> float | None:
    """Return the float that a text spells, also in base 16; None where Go's parser has an error."""
    if _HEX_FLOAT.fullmatch(text):
        found = _from_hex(text)
    elif _FLOAT.fullmatch(text):
        found = float(text)
    else:
        return None
    overflows = math.isinf(found) and "inf" not in text.lower()
    return None if overflows else found


def _from_hex(text: str) -> float:
    try:
        return float.fromhex(text)
    except OverflowError:
        return math.inf
