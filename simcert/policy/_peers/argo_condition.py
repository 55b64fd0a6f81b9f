"""Argo's measurement: a result against a success and a failure condition.

`evaluate` returns the truth of one condition, `phase` the phase of the measurement. Nothing is
ever handed to Python's own evaluator; work is bounded by a budget of steps.
Source: argoproj/argo-rollouts, utils/evaluate/evaluate.go (Apache-2.0), read, not copied.
"""

from collections.abc import Callable

from simcert.policy._peers import argo_functions as on
from simcert.policy._peers.argo_parse import PREDICATES, Budget, Node, Value, parse
from simcert.policy._peers.argo_tokens import ConditionError
from simcert.policy._peers.argo_types import check, type_of

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


class _NilChainError(Exception):
    """An optional member met nil: the whole chain is nil."""


class _Run:
    """One evaluation: the result, the elements of open predicates, and the steps left."""

    def __init__(self, result: Value) -> None:
        self._result = result
        self._elements: list[Value] = []
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
        return self._result if node.value == "result" else {"result": self._result}

    def _element(self, _: Node) -> Value:
        return self._elements[-1]

    def _array(self, node: Node) -> list[Value]:
        return [self.value(p) for p in node.parts]

    def _map(self, node: Node) -> dict[str, Value]:
        return {p.value: self.value(p.parts[0]) for p in node.parts if p is not None}

    def _chain(self, node: Node) -> Value:
        try:
            return self.value(node.parts[0])
        except _NilChainError:
            return None

    def _unary(self, node: Node) -> Value:
        operand = self.value(node.parts[0])
        if node.value == "not":
            return not on.boolean(operand)
        return -on.number(operand) if node.value == "-" else on.number(operand)

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
        self._budget.spend(on.work(node.value, first, second))
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
        return on.FUNCTIONS[node.value](*arguments)

    def _predicate(self, node: Node) -> Value:
        items = self.value(node.parts[0])
        if not isinstance(items, list):
            raise ConditionError(f"{node.value} takes an array, not {type_of(items)}")
        answers = [self._inside(item, node) for item in items]
        if node.value == "map":
            return answers
        kept = [item for item, yes in zip(items, answers, strict=True) if on.boolean(yes)]
        return on.PREDICATES[node.value](kept, len(items))

    def _inside(self, item: Value, node: Node) -> Value:
        if len(node.parts) == 1:
            return item
        self._elements.append(item)
        answer = self.value(node.parts[1])
        self._elements.pop()
        return answer
