"""Static types of a condition: what does not type-check is an error, even where it never runs.

Types are words: any, nil, bool, int, float, string, array, floats (an array of numbers), map.
`result` has the type of the value that was measured, so a condition that fits a number is an
error for no data (nil). Source: expr-lang/expr, checker (MIT), read, not copied.
"""

from simcert.policy._peers.argo_parse import PREDICATES, Budget, Node
from simcert.policy._peers.argo_tokens import ConditionError

HELPERS = {"isNaN": 1, "isInf": 1, "isNil": 1, "default": 2, "asInt": 1, "asFloat": 1}
BUILTINS = {
    "len": "int", "abs": "any", "ceil": "float", "floor": "float", "round": "float",
    "int": "int", "float": "float", "sum": "any", "mean": "float", "min": "any", "max": "any",
    "first": "any", "last": "any", "lower": "string", "upper": "string", "type": "string",
}  # fmt: skip
_VARIADIC = frozenset({"min", "max"})
_RETURNS = {"isNaN": "bool", "isInf": "bool", "isNil": "bool", "asInt": "int", "asFloat": "float"}
_NUMBER = frozenset({"int", "float"})
_ARRAYS = frozenset({"array", "floats"})
_SIZED = _ARRAYS | {"string", "map", "any"}
_TAKES = {
    "len": _SIZED, "sum": _ARRAYS | {"any"}, "mean": _ARRAYS | {"any"},
    "first": _ARRAYS | {"any"}, "last": _ARRAYS | {"any"},
    "abs": _NUMBER | {"any"}, "ceil": _NUMBER | {"any"}, "floor": _NUMBER | {"any"},
    "round": _NUMBER | {"any"}, "isNaN": _NUMBER | {"any"}, "isInf": _NUMBER | {"any"},
    "int": _NUMBER | {"string", "any"}, "float": _NUMBER | {"string", "any"},
    "lower": frozenset({"string", "any"}), "upper": frozenset({"string", "any"}),
}  # fmt: skip


def type_of(value: object) -> str:
    """Return the static type of a measured value."""
    if value is None:
        return "nil"
    for word, kind in (("bool", bool), ("int", int), ("float", float), ("string", str)):
        if isinstance(value, kind):
            return word
    if isinstance(value, dict):
        return "map"
    numbers = all(type_of(v) in _NUMBER for v in value) if isinstance(value, list) else False
    return "floats" if numbers else "array"


def check(node: Node, result: str, element: str | None = None) -> str:
    """Return the type of `node`; ConditionError where an operator does not fit its operands."""
    return _Checker(result).visit(node, element)


class _Checker:
    """Walks the tree with the type of `result` and of the element of the innermost predicate."""

    def __init__(self, result: str) -> None:
        self._result = result
        self._budget = Budget()

    def visit(self, node: Node, element: str | None) -> str:
        self._budget.spend()
        if node.kind == "call":
            return self._call(node, element)
        types = [self.visit(p, element) for p in node.parts if p is not None]
        rule = getattr(self, f"_{node.kind}")
        found: str = rule(node, types, element)
        return found

    def _literal(self, node: Node, _: list[str], __: str | None) -> str:
        return type_of(node.value)

    def _name(self, node: Node, _: list[str], __: str | None) -> str:
        if node.value == "result":
            return self._result
        if node.value == "$env":
            return "map"
        raise ConditionError(f"unknown name {node.value}")

    def _element(self, _: Node, __: list[str], element: str | None) -> str:
        if element is None:
            raise ConditionError("'#' outside a predicate")
        return element

    def _array(self, _: Node, __: list[str], ___: str | None) -> str:
        return "array"

    def _map(self, _: Node, __: list[str], ___: str | None) -> str:
        return "map"

    def _pair(self, _: Node, types: list[str], __: str | None) -> str:
        return types[0]

    def _chain(self, _: Node, types: list[str], __: str | None) -> str:
        return types[0]

    def _unary(self, node: Node, types: list[str], _: str | None) -> str:
        operand = types[0]
        fits = operand in ({"bool"} if node.value == "not" else _NUMBER)
        if operand != "any" and not fits:
            raise ConditionError(f"cannot use {node.value!r} on {operand}")
        return "bool" if node.value == "not" else operand

    def _binary(self, node: Node, types: list[str], _: str | None) -> str:
        return _binary(node.value, types[0], types[1])

    def _conditional(self, _: Node, types: list[str], __: str | None) -> str:
        condition, then, other = types
        if condition not in ("bool", "any"):
            raise ConditionError(f"a condition must be bool, not {condition}")
        if then == "nil":
            return other
        return then if other in (then, "nil") else "any"

    def _member(self, _: Node, types: list[str], __: str | None) -> str:
        base, key = types
        if base == "any":
            return "any"
        if base == "map" and key in ("string", "any"):
            return "any"
        if base in _ARRAYS and key in ("int", "any"):
            return "float" if base == "floats" else "any"
        raise ConditionError(f"cannot take an element of {base} by {key}")

    def _slice(self, _: Node, types: list[str], __: str | None) -> str:
        if types[0] not in _SIZED - {"map"} or any(t not in ("int", "any") for t in types[1:]):
            raise ConditionError(f"cannot slice {types[0]}")
        return types[0]

    def _call(self, node: Node, element: str | None) -> str:
        name, arguments = node.value, [p for p in node.parts if p is not None]
        if name in PREDICATES:
            return self._predicate(name, arguments, element)
        if name not in HELPERS and name not in BUILTINS:
            raise ConditionError(f"unknown name {name}")
        wanted = HELPERS.get(name, 1)
        if len(arguments) != wanted and not (name in _VARIADIC and arguments):
            raise ConditionError(f"{name} takes {wanted} argument(s), not {len(arguments)}")
        types = [self.visit(a, element) for a in arguments]
        if name in _TAKES and types[0] not in _TAKES[name]:
            raise ConditionError(f"{name} does not take {types[0]}")
        return _RETURNS.get(name, BUILTINS.get(name, "any"))

    def _predicate(self, name: str, arguments: list[Node], element: str | None) -> str:
        if len(arguments) != 2 and not (name == "count" and len(arguments) == 1):
            raise ConditionError(f"{name} takes an array and a predicate")
        array = self.visit(arguments[0], element)
        if array not in _ARRAYS | {"any"}:
            raise ConditionError(f"{name} takes an array, not {array}")
        inner = "float" if array == "floats" else "any"
        answer = self.visit(arguments[-1], inner) if len(arguments) == 2 else "bool"
        if name != "map" and answer not in ("bool", "any"):
            raise ConditionError(f"the predicate of {name} must be bool, not {answer}")
        if name in ("filter", "map"):
            return array if name == "filter" and array != "any" else "array"
        return "int" if name == "count" else "bool"


def _binary(op: str, left: str, right: str) -> str:
    if op == "??":
        return _coalesced(left, right)
    if not _fits(op, left, right):
        raise ConditionError(f"cannot use {op!r} on {left} and {right}")
    if op in ("/", "**"):
        return "float"
    if op == "..":
        return "floats"
    if op not in ("+", "-", "*", "%"):
        return "bool"
    if "any" in (left, right):
        return "any"
    return left if left == right else "float"


def _coalesced(left: str, right: str) -> str:
    if "nil" in (left, right):
        return right if left == "nil" else left
    return left if left == right else "any"


def _fits(op: str, left: str, right: str) -> bool:
    if op in ("==", "!="):
        return _comparable(left, right)
    if op == "in":
        return _member_of(left, right)
    return any(_both(left, right, kinds) for kinds in _OPERANDS[op])


def _both(left: str, right: str, kinds: frozenset[str]) -> bool:
    return left in kinds | {"any"} and right in kinds | {"any"}


_BOOL, _STRING, _INT = frozenset({"bool"}), frozenset({"string"}), frozenset({"int"})
_OPERANDS = {
    **dict.fromkeys(("and", "or"), (_BOOL,)),
    **dict.fromkeys(("<", ">", "<=", ">=", "+"), (_NUMBER, _STRING)),
    **dict.fromkeys(("-", "*", "/", "**"), (_NUMBER,)),
    **dict.fromkeys(("%", ".."), (_INT,)),
    **dict.fromkeys(("contains", "startsWith", "endsWith"), (_STRING,)),
}


def _comparable(left: str, right: str) -> bool:
    if {left, right} & {"nil", "any"} or left == right:
        return True
    return {left, right} <= _NUMBER or {left, right} <= _ARRAYS


def _member_of(left: str, right: str) -> bool:
    if right == "any" or (left == "any" and right == "string"):
        return True
    if right == "map":
        return left in ("nil", "string", "any")
    return right == "array" or (right == "floats" and left in _NUMBER | {"nil", "any"})
