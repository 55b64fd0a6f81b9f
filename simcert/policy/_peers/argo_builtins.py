"""Functions of Argo's condition language on values: the product's helpers and the language's own.

Source: argoproj/argo-rollouts, utils/evaluate (Apache-2.0); expr-lang/expr, builtin (MIT); read,
not copied.
"""

import functools
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import TypeAlias

from simcert.policy._peers.argo_functions import (
    array,
    boolean,
    equal,
    fetch,
    number,
    string,
    weight,
    whole,
    word,
)
from simcert.policy._peers.argo_numbers import as_float, as_int
from simcert.policy._peers.argo_parse import MAX_STEPS, Value
from simcert.policy._peers.argo_tokens import ConditionError
from simcert.policy._peers.argo_types import is_number, shown, type_of

_SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)


def _sized(value: Value) -> int:
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, (list, dict)):
        return len(value)
    raise ConditionError(f"len does not take {type_of(value)}")


def _flat(values: Sequence[Value]) -> Iterator[Value]:
    """Yield the numbers among arguments that may be arrays of arrays."""
    for value in values:
        if isinstance(value, list):
            yield from _flat(value)
        else:
            yield number(value)


def total(values: Sequence[Value]) -> Value:
    """Return the sum: whole as long as no fraction adds to it."""
    found = [*_flat(values)]
    fraction = sum(v for v in found if isinstance(v, float))
    count = word(sum(v for v in found if isinstance(v, int)))
    return fraction + count if fraction else count


def _extreme(better: Callable[[Value, Value], bool]) -> Callable[..., Value]:
    """Return the rule that keeps the better of all numbers, nil if there is none."""

    def extreme(*values: Value) -> Value:
        kept = None
        for value in _flat(values):
            kept = value if kept is None or better(value, kept) else kept
        return kept

    return extreme


def _mean(*values: Value) -> float:
    found = [float(v) for v in _flat(values)]
    return sum(found) / len(found) if found else 0.0


def _median(*values: Value) -> float:
    found = sorted(float(v) for v in _flat(values))
    middle = len(found) // 2
    if not found:
        return 0.0
    return found[middle] if len(found) % 2 else (found[middle - 1] + found[middle]) / 2.0


def _whole(rule: Callable[[float], float]) -> Callable[[Value], float]:
    """Return the rule on finite numbers; NaN and the infinities are whole already."""
    return lambda v: float(rule(number(v))) if math.isfinite(number(v)) else float(v)


def _rounded(value: float) -> float:
    return math.copysign(math.floor(abs(value) + 0.5), value)


def _kind(value: Value) -> str:
    return {"floats": "array"}.get(type_of(value), type_of(value))


def _written(value: Value) -> str:
    """Return a value as Go prints it."""
    if isinstance(value, str) or value is None:
        return "<nil>" if value is None else value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{' '.join(map(_written, value))}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{k}:{_written(value[k])}' for k in sorted(value))}]"
    return str(value) if isinstance(value, int) else _decimal(value)


def _decimal(value: float) -> str:
    """Return a float with as many digits as it needs; an exponent from 1e21 and below 1e-4."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{value:+}"[0] + "Inf"
    exact = Decimal(repr(value)).normalize()
    exponent = exact.adjusted()
    if value == 0.0 or -4 <= exponent < 21:
        return f"{exact:f}"
    return f"{exact.scaleb(-exponent):f}e{exponent:+03d}"


def work(name: str, arguments: Sequence[Value], most: int) -> int:
    """Return the elements and characters that a function may touch or make."""
    touched = sum(len(a) for a in arguments if isinstance(a, (list, str)))
    if name in _DEEP:
        touched = sum(weight(a, most) for a in arguments)
    return touched + _MADE[name](*arguments) if name in _MADE else touched


_MADE: dict[str, Callable[..., int]] = {  # beyond what was given
    "replace": lambda v, old, new, *_: (string(v).count(string(old)) + 1) * len(string(new)),
    "repeat": lambda v, times: len(string(v)) * whole(times),
    "join": lambda v, separator="": len(array(v)) * len(string(separator)),
    "uniq": lambda v: len(array(v)) * weight(v, MAX_STEPS),  # each is compared with all
}
_DEEP = frozenset({"string", "mean", "median", "min", "max", "flatten", "join", "uniq", "sort"})


def _trimmed(text: Value, chars: Value = _SPACES) -> str:
    return string(text).strip(string(chars))


def _split(text: Value, separator: Value, count: Value = -1) -> list[Value]:
    parts, n = string(text), whole(count)
    if n == 0:
        return []
    if not string(separator):
        letters = [*parts]
        return letters if n < 0 or n >= len(letters) else [*letters[: n - 1], parts[n - 1 :]]
    return [*parts.split(separator, -1 if n < 0 else n - 1)]


def _split_after(text: Value, separator: Value, count: Value = -1) -> list[Value]:
    parts = _split(text, separator, count)
    return [*(part + separator for part in parts[:-1]), *parts[-1:]]


def _taken(items: Value, count: Value) -> list[Value]:
    if whole(count) < 0:
        raise ConditionError(f"take takes no {count} elements")
    return array(items)[: whole(count)]


def _repeated(text: Value, times: Value) -> str:
    n = whole(times)
    if n < 0:
        raise ConditionError(f"repeat takes no {n} times")
    return string(text) * n


def _joined(parts: Value, separator: Value = "") -> str:
    return string(separator).join(map(string, array(parts)))


def _found_at(text: Value, part: Value, last: bool = False) -> int:
    """Return the byte at which the part stands, -1 if it does not."""
    at = string(text).rfind(string(part)) if last else string(text).find(string(part))
    return at if at < 0 else _sized(text[:at])


def _got(base: Value, key: Value) -> Value:
    if isinstance(base, dict):
        return base.get(key) if isinstance(key, str) else None
    try:
        return fetch(array(base), key)
    except ConditionError:
        return None


def _map_of(value: Value) -> dict[str, Value]:
    if not isinstance(value, dict):
        raise ConditionError(f"expected a map, but got {type_of(value)}")
    return value


def _sorted(items: Value, order: Value = "asc") -> list[Value]:
    return by_key(array(items), array(items), order)


def by_key(items: Sequence[Value], keys: Sequence[Value], order: Value = "asc") -> list[Value]:
    """Return the items in the order of their keys, which are all numbers or all strings."""
    if order not in ("asc", "desc"):
        raise ConditionError(f"unknown order {shown(order)}, use asc or desc")
    alike = all(map(is_number, keys)) or all(isinstance(k, str) for k in keys)
    if not alike:
        raise ConditionError("only numbers or strings can be sorted")
    pairs = sorted(enumerate(keys), key=lambda pair: pair[1], reverse=order == "desc")
    return [items[at] for at, _ in pairs]


def _distinct(items: Value) -> list[Value]:
    kept: list[Value] = []
    for item in array(items):
        if not any(equal(item, other) for other in kept):
            kept.append(item)
    return kept


def _flattened(items: Value) -> list[Value]:
    nested = (_flattened(i) if isinstance(i, list) else [i] for i in array(items))
    return [*itertools.chain.from_iterable(nested)]


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "isNaN": lambda v: math.isnan(number(v)),
    "isInf": lambda v: math.isinf(number(v)),
    "asInt": as_int,
    "asFloat": as_float,
    "len": _sized,
    "abs": lambda v: word(abs(number(v))),
    "ceil": _whole(math.ceil),
    "floor": _whole(math.floor),
    "round": _whole(_rounded),
    "int": as_int,
    "float": as_float,
    "string": _written,
    "type": _kind,
    "mean": _mean,
    "median": _median,
    "min": _extreme(lambda a, b: a < b),
    "max": _extreme(lambda a, b: a > b),
    "first": lambda v: v[0] if array(v) else None,
    "last": lambda v: v[-1] if array(v) else None,
    "take": _taken,
    "reverse": lambda v: array(v)[::-1],
    "sort": _sorted,
    "uniq": _distinct,
    "concat": lambda *v: [*itertools.chain.from_iterable(map(array, v))],
    "flatten": _flattened,
    "get": _got,
    "keys": lambda v: [*_map_of(v)],
    "values": lambda v: [*_map_of(v).values()],
    "lower": lambda v: string(v).lower(),
    "upper": lambda v: string(v).upper(),
    "trim": _trimmed,
    "trimPrefix": lambda v, p=" ": string(v).removeprefix(string(p)),
    "trimSuffix": lambda v, s=" ": string(v).removesuffix(string(s)),
    "split": _split,
    "splitAfter": _split_after,
    "replace": lambda v, old, new, n=-1: string(v).replace(string(old), string(new), whole(n)),
    "repeat": _repeated,
    "join": _joined,
    "indexOf": _found_at,
    "lastIndexOf": functools.partial(_found_at, last=True),
    "hasPrefix": lambda v, p: string(v).startswith(string(p)),
    "hasSuffix": lambda v, s: string(v).endswith(string(s)),
}

Answers: TypeAlias = Iterator[tuple[Value, Value]]  # of items and what the predicate says of them


def _kept(answers: Answers) -> Iterator[Value]:
    return (item for item, yes in answers if boolean(yes))


def _index(answers: Answers) -> Value:
    return next((at for at, (_, yes) in enumerate(answers) if boolean(yes)), None)


PREDICATES: dict[str, Callable[[Answers], Value]] = {
    "all": lambda answers: all(boolean(yes) for _, yes in answers),
    "any": lambda answers: any(boolean(yes) for _, yes in answers),
    "none": lambda answers: not any(boolean(yes) for _, yes in answers),
    "one": lambda answers: len([*_kept(answers)]) == 1,
    "filter": lambda answers: [*_kept(answers)],
    "map": lambda answers: [answer for _, answer in answers],
    "count": lambda answers: len([*_kept(answers)]),
    "sum": lambda answers: total([answer for _, answer in answers]),
    "find": lambda answers: next(_kept(answers), None),
    "findIndex": _index,
    "findLast": lambda answers: next(_kept(answers), None),  # asked from the end
    "findLastIndex": _index,
}
