"""Operators of Argo's condition language on values; errors are ConditionError.

Numbers compare across int and float, nothing else converts by itself; `/` is always a float.
Source: expr-lang/expr, vm/runtime (MIT), read, not copied.
"""

import math
from collections.abc import Callable

from simcert.policy._peers.argo_parse import Value
from simcert.policy._peers.argo_tokens import ConditionError
from simcert.policy._peers.argo_types import is_number, shown, type_of

_MAX_RANGE = 10_000
_MAX_NESTED = 200  # arrays in arrays: what walks through them is recursive
_TOUCHING = frozenset({
    "==", "!=", "<", ">", "<=", ">=", "in", "contains", "startsWith", "endsWith", "+",
})  # fmt: skip
INT_END = 1 << 63


def number(value: Value) -> Value:
    """Return `value` if it is a number; int stays int."""
    if not is_number(value):
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


def word(value: Value) -> Value:
    """Return a result as the product holds it: whole numbers have 64 bits and wrap around."""
    if not isinstance(value, int) or -INT_END <= value < INT_END:
        return value
    return (value + INT_END) % (2 * INT_END) - INT_END


def weight(value: Value, most: int) -> int:
    """Return the elements and characters in a value, parts that it shares counted each time."""
    total, inside = 0, [(value, 0)]
    while inside and total <= most:
        one, depth = inside.pop()
        if depth > _MAX_NESTED:
            raise ConditionError(f"a value nested deeper than {_MAX_NESTED}")
        if isinstance(one, (list, dict)):
            parts = one if isinstance(one, list) else one.values()
            inside.extend((part, depth + 1) for part in parts)
        total += len(one) if isinstance(one, (list, dict, str)) else 0
    return total


def work(operator: str, a: Value, b: Value, most: int) -> int:
    """Return the elements that an operator may touch or make."""
    if operator == "..":
        return max(whole(b) - whole(a), 0)
    return weight(a, most) + weight(b, most) if operator in _TOUCHING else 0


def equal(a: Value, b: Value) -> bool:
    """Return whether two values are the same, numbers whatever their type."""
    if is_number(a) and is_number(b):
        return bool(a == b)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
    return type(a) is type(b) and bool(a == b)


def _ordered(test: Callable[[Value, Value], bool]) -> Callable[[Value, Value], bool]:
    def compare(a: Value, b: Value) -> bool:
        alike = isinstance(a, str) and isinstance(b, str)
        if not alike and not (is_number(a) and is_number(b)):
            raise ConditionError(f"cannot order {type_of(a)} and {type_of(b)}")
        return bool(test(a, b))

    return compare


def _in(item: Value, group: Value) -> bool:
    if group is None:
        return False
    if isinstance(group, dict):
        if not isinstance(item, (str, type(None))):
            raise ConditionError(f"cannot look for {type_of(item)} among the keys of a map")
        return item in group
    return any(equal(item, other) for other in array(group))


def _plus(a: Value, b: Value) -> Value:
    if isinstance(a, str) and isinstance(b, str):
        return a + b
    return word(number(a) + number(b))


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
    "==": equal,
    "!=": lambda a, b: not equal(a, b),
    "<": _ordered(lambda a, b: a < b),
    ">": _ordered(lambda a, b: a > b),
    "<=": _ordered(lambda a, b: a <= b),
    ">=": _ordered(lambda a, b: a >= b),
    "in": _in,
    "contains": lambda a, b: string(b) in string(a),
    "startsWith": lambda a, b: string(a).startswith(string(b)),
    "endsWith": lambda a, b: string(a).endswith(string(b)),
    "+": _plus,
    "-": lambda a, b: word(number(a) - number(b)),
    "*": lambda a, b: word(number(a) * number(b)),
    "/": _quotient,
    "%": _remainder,
    "**": _power,
    "..": _range,
}


def fetch(base: Value, key: Value) -> Value:
    """Return the element of an array (negative: from the end) or of a map (nil if absent)."""
    if isinstance(base, dict):
        return base.get(key) if isinstance(key, str) else None
    if isinstance(base, list) and is_number(key) and math.isfinite(key):
        at = int(key) + (len(base) if key < 0 else 0)
        if 0 <= at < len(base):
            return base[at]
        raise ConditionError(f"index {int(key)} of an array of length {len(base)}")
    raise ConditionError(f"cannot take {shown(key)} from {type_of(base)}")


def place(at: Value, size: int) -> int:
    """Return the limit of a slice, counted from the end if negative, inside the array."""
    index = whole(at)
    return min(max(index + size if index < 0 else index, 0), size)
