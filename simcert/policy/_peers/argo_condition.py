"""Argo's measurement: a result against a success and a failure condition.

`evaluate` returns the truth of one condition, `phase` the phase of the measurement. Nothing is
ever handed to Python's own evaluator; work is bounded by a budget of steps.
Source: argoproj/argo-rollouts, utils/evaluate/evaluate.go (Apache-2.0), read, not copied.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from simcert.policy._peers import argo_builtins as builtin
from simcert.policy._peers import argo_functions as on
from simcert.policy._peers.argo_matches import matches
from simcert.policy._peers.argo_parse import PREDICATES, Budget, Node, Value, parse
from simcert.policy._peers.argo_tokens import ConditionError
from simcert.policy._peers.argo_types import EXACT, becomes_float, check, type_of

SUCCESSFUL, FAILED, INCONCLUSIVE, ERROR = "Successful", "Failed", "Inconclusive", "Error"


def phase(result: Value, success: str | None = None, failure: str | None = None) -> str:
    """Return the phase of a measurement; an error in either condition makes it an Error."""
    try:
        good = evaluate(result, success) if success else False
        bad = evaluate(result, failure) if failure else False
    except ConditionError:
        return ERROR
    if not success and not failure:
        return SUCCESSFUL
    if not failure:
        bad = not good
    if not success:
        good = not bad
    if bad:
        return FAILED
    return SUCCESSFUL if good else INCONCLUSIVE


def evaluate(result: Value, condition: str) -> bool:
    """Return whether `condition` holds for `result`; ConditionError unless it is plainly a bool."""
    tree = parse(condition)
    check(tree, type_of(result))
    value = _Run(result).value(tree)
    if not isinstance(value, bool):
        raise ConditionError(f"expected bool, but got {type_of(value)}")
    return value


def _texts(node: Node | None) -> bool:
    """Return whether a node is an array of literal strings: the product makes a set of them."""
    parts = node.parts if node is not None and node.kind == "array" else ()
    return bool(parts) and all(
        p is not None and p.kind == "literal" and isinstance(p.value, str) for p in parts
    )


class _NilChainError(Exception):
    """An optional member met nil: the whole chain is nil."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """What `#`, `#index` and `#acc` stand for inside a predicate."""

    item: Value
    index: int
    acc: Value = None


class _Run:
    """One evaluation: the result, variables, open predicates, and the steps left."""

    def __init__(self, result: Value) -> None:
        self._result = result
        self._names: dict[str, Value] = {"result": result, "$env": {"result": result}}
        self._frames: list[_Frame] = []
        self._budget = Budget()

    def value(self, node: Node | None) -> Value:
        if node is None:
            return None
        self._budget.spend()
        rule: Callable[[Node], Value] = getattr(self, f"_{node.kind}")
        return rule(node)

    def _literal(self, node: Node) -> Value:
        return node.value

    def _name(self, node: Node) -> Value:
        return self._names[node.value]

    def _let(self, node: Node) -> Value:
        self._names = {**self._names, node.value: self.value(node.parts[0])}
        return self.value(node.parts[1])

    def _element(self, node: Node) -> Value:
        return getattr(self._frames[-1], node.value or "item")

    def _array(self, node: Node) -> list[Value]:
        return [self.value(p) for p in node.parts]

    def _map(self, node: Node) -> dict[str, Value]:
        pairs = (p.parts for p in node.parts if p is not None)
        return {on.string(self.value(key)): self.value(value) for key, value in pairs}

    def _chain(self, node: Node) -> Value:
        try:
            return self.value(node.parts[0])
        except _NilChainError:
            return None

    def _unary(self, node: Node) -> Value:
        operand = self.value(node.parts[0])
        if node.value == "not":
            return not on.boolean(operand)
        return on.word(-on.number(operand)) if node.value == "-" else operand

    def _binary(self, node: Node) -> Value:
        left, right = node.parts
        first = self.value(left)
        if node.value == "and":
            return on.boolean(self.value(right)) if on.boolean(first) else False
        if node.value == "or":
            return True if on.boolean(first) else on.boolean(self.value(right))
        if node.value == "??":
            return self.value(right) if first is None else first
        second = self.value(right)
        self._budget.spend(on.work(node.value, first, second, self._budget.left))
        if node.value == "in" and _texts(right) and not isinstance(first, (str, type(None))):
            raise ConditionError(f"cannot look for {type_of(first)} among strings")
        if node.value == "matches":
            return matches(on.string(first), on.string(second), self._budget.spend)
        return on.OPERATORS[node.value](first, second)

    def _conditional(self, node: Node) -> Value:
        condition, then, other = node.parts
        return self.value(then if on.boolean(self.value(condition)) else other)

    def _member(self, node: Node) -> Value:
        base = self.value(node.parts[0])
        if base is None and node.value:
            raise _NilChainError
        return on.fetch(base, self.value(node.parts[1]))

    def _slice(self, node: Node) -> Value:
        base, start, stop = (self.value(p) for p in node.parts)
        if not isinstance(base, (list, str)):
            raise ConditionError(f"cannot slice {type_of(base)}")
        size = len(base)
        self._budget.spend(size)
        end = on.place(size if stop is None else stop, size)
        return base[min(on.place(0 if start is None else start, size), end) : end]

    def _call(self, node: Node) -> Value:
        if node.value in PREDICATES:
            return self._predicate(node)
        arguments = [self.value(p) for p in node.parts]
        if node.value == "isNil":
            return self._result is None  # the product asks the result, whatever the argument
        if node.value == "default":
            return arguments[1] if self._result is None else self._result
        written = node.value in EXACT and self._result is None and not becomes_float(node.parts[0])
        if written and isinstance(arguments[0], int):  # nothing was measured: a number of the text
            raise ConditionError(f"{node.value} takes a float, not int")
        self._budget.spend(builtin.work(node.value, arguments, self._budget.left))
        return builtin.FUNCTIONS[node.value](*arguments)

    def _predicate(self, node: Node) -> Value:
        items = self.value(node.parts[0])
        if not isinstance(items, list):
            raise ConditionError(f"{node.value} takes an array, not {type_of(items)}")
        if node.value == "reduce":
            return self._reduced(items, node)
        if node.value == "sortBy":
            return self._sorted(items, node)
        if len(node.parts) == 1:
            self._budget.spend(on.weight(items, self._budget.left))
            return builtin.PREDICATES[node.value](zip(items, items, strict=True))
        backwards = node.value in ("findLast", "findLastIndex")
        found = builtin.PREDICATES[node.value](self._answers(items, node, backwards))
        if node.value == "findLastIndex" and found is not None:
            return len(items) - 1 - found
        return found

    def _answers(
        self, items: list[Value], node: Node, backwards: bool = False
    ) -> Iterator[tuple[Value, Value]]:
        """Yield each item and what the predicate says of it, no more than are asked for."""
        places = range(len(items))
        for at in reversed(places) if backwards else places:
            answer = self._inside(node, _Frame(items[at], at))
            if node.value == "sum":  # of arrays, too
                self._budget.spend(on.weight(answer, self._budget.left))
            yield items[at], answer

    def _inside(self, node: Node, frame: _Frame) -> Value:
        self._frames.append(frame)
        answer = self.value(node.parts[1])
        self._frames.pop()
        return answer

    def _reduced(self, items: list[Value], node: Node) -> Value:
        given = len(node.parts) == 3
        if not given and not items:
            raise ConditionError("reduce of an empty array needs an initial value")
        acc = self.value(node.parts[2]) if given else items[0]
        for at in range(0 if given else 1, len(items)):
            acc = self._inside(node, _Frame(items[at], at, acc))
        return acc

    def _sorted(self, items: list[Value], node: Node) -> Value:
        order = self.value(node.parts[2]) if len(node.parts) == 3 else "asc"
        return builtin.by_key(items, [key for _, key in self._answers(items, node)], order)
