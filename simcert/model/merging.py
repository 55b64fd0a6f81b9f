"""Merging: two states that counted disjoint units become one, field by field.

The rule of a field stands where the field does: `n: int = state(total, 0)`. A field without a rule
is a parameter, and must be the same on both sides. Rules are commutative and associative, and a
fresh state is their neutral element; they take states as JSON values, so nothing is shared.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, field
from operator import or_
from typing import Any

from simcert.errors import MergeError

Value = Any  # what a field holds, as JSON: numbers, texts, lists and dicts of them
State = Mapping[str, Value]
Rule = Callable[[State, State, str], Value]


def state(
    rule: Rule,
    default: Value = MISSING,
    *,
    factory: Callable[[], Value] | None = None,
    shown: bool = True,
) -> Value:
    """Return a dataclass field that is merged by `rule`; `shown`: whether its `repr` tells it."""
    rest: dict[str, Any] = {"repr": shown, "metadata": {"merge": rule}}
    if factory is not None:
        return field(default_factory=factory, **rest)
    return field(default=default, **rest)


def joined(mine: State, theirs: State, fields: Iterable[Field[Any]]) -> dict[str, Any]:
    """Return the fields of both states as one; MergeError names a parameter that differs."""
    rules = {one.name: one.metadata.get("merge", same) for one in fields if one.name in mine}
    return {name: rule(mine, theirs, name) for name, rule in rules.items()}


def same(mine: State, theirs: State, name: str) -> Value:
    """A parameter: MergeError unless both have it."""
    if mine[name] != theirs[name]:
        both = f"{mine[name]!r} and {theirs[name]!r}"
        raise MergeError(f"states differ in {name}: {both}; a field without a rule is a parameter")
    return mine[name]


def total(mine: State, theirs: State, name: str) -> Value:
    """Counts, and logs of products: add; by key in a dict, from the newest back in a list."""
    return added(mine[name], theirs[name])


def largest(mine: State, theirs: State, name: str) -> Value:
    """Time that both share, and alarm: the larger one."""
    return max(mine[name], theirs[name])


def smallest(mine: State, theirs: State, name: str) -> Value:
    """What holds of both: the smaller one."""
    return min(mine[name], theirs[name])


def largest_each(mine: State, theirs: State, name: str) -> Value:
    """The larger one of two lists, number by number, from the newest back."""
    return _newest_last(max, mine[name], theirs[name])


def either(mine: State, theirs: State, name: str) -> Value:
    """What one of both saw, was seen; in a list from the newest back."""
    return _newest_last(or_, mine[name], theirs[name])


def follows(mine: State, _: State, name: str) -> Value:
    """Left to whoever merges: it follows from other fields."""
    return mine[name]


def mean_by(weight: str) -> Rule:
    """Return the rule of a running mean: weighted by the field that counts what it rests on."""

    def mean(mine: State, theirs: State, name: str) -> Value:
        a, b = mine[weight], theirs[weight]
        if not a and not b:
            return same(mine, theirs, name)
        if not a or not b:
            return mine[name] if a else theirs[name]
        return (a * mine[name] + b * theirs[name]) / (a + b)

    return mean


def added(mine: Value, theirs: Value) -> Value:
    """Return the sum of two numbers, or of all numbers in two lists or dicts."""
    if isinstance(mine, Mapping):
        both = {name: added(mine[name], theirs[name]) for name in mine if name in theirs}
        return {**mine, **theirs, **both}
    return _newest_last(added, mine, theirs) if isinstance(mine, list) else mine + theirs


def by_time(mine: Iterable[Value], theirs: Iterable[Value]) -> dict[float, Value]:
    """Return the sums of (end_s, counts) of both, oldest first."""
    found: dict[float, Value] = {}
    for end_s, counts in (*mine, *theirs):
        found[end_s] = added(found[end_s], counts) if end_s in found else counts
    return dict(sorted(found.items()))


def _newest_last(join: Callable[[Value, Value], Value], mine: Value, theirs: Value) -> Value:
    if not isinstance(mine, list):
        return join(mine, theirs)
    longer, shorter = (mine, theirs) if len(mine) >= len(theirs) else (theirs, mine)
    old = len(longer) - len(shorter)
    return longer[:old] + [join(a, b) for a, b in zip(longer[old:], shorter, strict=True)]
