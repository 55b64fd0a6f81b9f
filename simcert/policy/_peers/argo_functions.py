"""Operators and functions of Argo's condition language on values; errors are ConditionError.

Numbers compare across int and float, nothing else converts by itself; `/` is always a float.
Source: expr-lang/expr, vm/runtime and builtin (MIT), read, not copied.
"""

import math
import re
from collections.abc import Callable

from simcert.policy._peers.argo_parse import Value
from simcert.policy._peers.argo_tokens import ConditionError
from simcert.policy._peers.argo_types import type_of

_MAX_RANGE = 10_000
_INT_END = 1 << 63
_INT = re.compile(r"[+-]?[0-9]{1,40}")
_FLOAT = re.compile(
    r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?|nan)", re.I | re.ASCII
)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def number(value: Value) -> Value:
    """Return `value` if it is a number; int stays int."""
    if not _is_number(value):
        raise ConditionError(f"expected a number, but got {type_of(value)}")
    return value


def boolean(value: object) -> bool:
    """Return `value` if it is a bool: nothing else is true or false."""
    if not isinstance(value, bool):
        raise ConditionError(f"expected bool, but got {type_of(value)}")
    return value


def string(value: object) -> str:
    """Return `value` if it is a string."""
    if not isinstance(value, str):
        raise ConditionError(f"expected a string, but got {type_of(value)}")
    return value


def array(value: object) -> list[Value]:
    """Return `value` if it is an array."""
    if not isinstance(value, list):
        raise ConditionError(f"expected an array, but got {type_of(value)}")
    return value


def whole(value: Value) -> int:
    """Return the whole part of a number; ConditionError if it has none."""
    if not math.isfinite(number(value)):
        raise ConditionError(f"{value} is no whole number")
    return int(value)


def _word(value: Value) -> Value:
    """Return a result as the product holds it: whole numbers have 64 bits and wrap around."""
    if not isinstance(value, int) or -_INT_END <= value < _INT_END:
        return value
    return (value + _INT_END) % (2 * _INT_END) - _INT_END


def work(operator: str, a: Value, b: Value) -> int:
    """Return the elements that an operator may touch or make."""
    if operator == "..":
        return max(whole(b) - whole(a), 0)
    return sum(len(one) for one in (a, b) if isinstance(one, (list, str)))


def _equal(a: Value, b: Value) -> bool:
    if _is_number(a) and _is_number(b):
        return bool(a == b)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_equal(a[k], b[k]) for k in a)
    return type(a) is type(b) and bool(a == b)


def _ordered(test: Callable[[Value, Value], bool]) -> Callable[[Value, Value], bool]:
    def compare(a: Value, b: Value) -> bool:
        alike = isinstance(a, str) and isinstance(b, str)
        if not alike and not (_is_number(a) and _is_number(b)):
            raise ConditionError(f"cannot order {type_of(a)} and {type_of(b)}")
        return bool(test(a, b))

    return compare


def _in(item: Value, group: Value) -> bool:
    if group is None:
        return False
    if isinstance(group, dict):
        return isinstance(item, str) and item in group
    return any(_equal(item, other) for other in array(group))


def _plus(a: Value, b: Value) -> Value:
    if isinstance(a, str) and isinstance(b, str):
        return a + b
    return _word(number(a) + number(b))


def _quotient(a: Value, b: Value) -> float:
    top, bottom = float(number(a)), float(number(b))
    if bottom:
        return top / bottom
    if not top or math.isnan(top):
        return math.nan
    return math.copysign(math.inf, top) * math.copysign(1.0, bottom)


def _remainder(a: Value, b: Value) -> int:
    if not (isinstance(number(a), int) and isinstance(number(b), int)) or b == 0:
        raise ConditionError("'%' needs whole numbers, the second not 0")
    rest: int = abs(a) % abs(b)
    return -rest if a < 0 else rest


def _power(a: Value, b: Value) -> float:
    try:
        return math.pow(number(a), number(b))
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan


def _range(a: Value, b: Value) -> list[int]:
    low, high = whole(a), whole(b)
    if high - low >= _MAX_RANGE:
        raise ConditionError(f"a range of more than {_MAX_RANGE}")
    return [*range(low, high + 1)]


OPERATORS: dict[str, Callable[[Value, Value], Value]] = {
    "==": _equal,
    "!=": lambda a, b: not _equal(a, b),
    "<": _ordered(lambda a, b: a < b),
    ">": _ordered(lambda a, b: a > b),
    "<=": _ordered(lambda a, b: a <= b),
    ">=": _ordered(lambda a, b: a >= b),
    "in": _in,
    "contains": lambda a, b: string(b) in string(a),
    "startsWith": lambda a, b: string(a).startswith(string(b)),
    "endsWith": lambda a, b: string(a).endswith(string(b)),
    "+": _plus,
    "-": lambda a, b: _word(number(a) - number(b)),
    "*": lambda a, b: _word(number(a) * number(b)),
    "/": _quotient,
    "%": _remainder,
    "**": _power,
    "..": _range,
}


def fetch(base: Value, key: Value) -> Value:
    """Return the element of an array (negative: from the end) or of a map (nil if absent)."""
    if isinstance(base, dict):
        return base.get(key) if isinstance(key, str) else None
    if isinstance(base, list) and _is_number(key) and math.isfinite(key):
        at = int(key) + (len(base) if key < 0 else 0)
        if 0 <= at < len(base):
            return base[at]
        raise ConditionError(f"index {int(key)} of an array of length {len(base)}")
    raise ConditionError(f"cannot take {key!r} from {type_of(base)}")


def place(at: Value, size: int) -> int:
    """Return the limit of a slice, counted from the end if negative, inside the array."""
    index = whole(at)
    return min(max(index + size if index < 0 else index, 0), size)


def _as_int(value: Value) -> int:
    if isinstance(value, str) and _INT.fullmatch(value) and -_INT_END <= int(value) < _INT_END:
        return int(value)
    if _is_number(value):
        return int(value) if abs(value) < _INT_END else -_INT_END
    raise ConditionError(f"asInt does not take {value!r}")


def _as_float(value: Value) -> float:
    if isinstance(value, str) and _FLOAT.fullmatch(value):
        return float(value)
    if _is_number(value):
        return float(value)
    raise ConditionError(f"asFloat does not take {value!r}")


def _sized(value: Value) -> int:
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, (list, dict)):
        return len(value)
    raise ConditionError(f"len does not take {type_of(value)}")


def _flat(values: tuple[Value, ...]) -> list[Value]:
    """Return the numbers among arguments that may be arrays; ConditionError without any."""
    found: list[Value] = []
    for value in values:
        found += [number(v) for v in value] if isinstance(value, list) else [number(value)]
    if not found:
        raise ConditionError("not enough arguments")
    return found


def _whole(rule: Callable[[float], float]) -> Callable[[Value], float]:
    """Return the rule on finite numbers; NaN and the infinities are whole already."""
    return lambda v: float(rule(number(v))) if math.isfinite(number(v)) else float(v)


def _rounded(value: float) -> float:
    return math.copysign(math.floor(abs(value) + 0.5), value)


def _kind(value: Value) -> str:
    return {"floats": "array"}.get(type_of(value), type_of(value))


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "isNaN": lambda v: math.isnan(number(v)),
    "isInf": lambda v: math.isinf(number(v)),
    "asInt": _as_int,
    "asFloat": _as_float,
    "len": _sized,
    "abs": lambda v: _word(abs(number(v))),
    "ceil": _whole(math.ceil),
    "floor": _whole(math.floor),
    "round": _whole(_rounded),
    "int": _as_int,
    "float": _as_float,
    "sum": lambda v: _word(sum(map(number, array(v)))),
    "mean": lambda v: sum(map(number, array(v))) / len(v) if v else 0.0,
    "min": lambda *v: min(_flat(v)),
    "max": lambda *v: max(_flat(v)),
    "first": lambda v: v[0] if array(v) else None,
    "last": lambda v: v[-1] if array(v) else None,
    "lower": lambda v: string(v).lower(),
    "upper": lambda v: string(v).upper(),
    "type": _kind,
}

PREDICATES: dict[str, Callable[[list[Value], int], Value]] = {
    "all": lambda kept, n: len(kept) == n,
    "any": lambda kept, _: bool(kept),
    "none": lambda kept, _: not kept,
    "one": lambda kept, _: len(kept) == 1,
    "filter": lambda kept, _: kept,
    "count": lambda kept, _: len(kept),
}
