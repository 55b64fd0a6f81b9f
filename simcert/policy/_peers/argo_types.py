"""Static types of a condition: what does not type-check is an error, even where it never runs.

Types are words: any, nil, bool, int, float, number (measured: JSON does not tell int from float),
string, map, array, and arrays of one type: floats, strings, bools. `result` has the type of the
value that was measured, so a condition that fits a number is an error for no data (nil).
Source: expr-lang/expr, checker (MIT), read, not copied.
"""

from simcert.policy._peers.argo_matches import compiled
from simcert.policy._peers.argo_parse import PREDICATES, Budget, Node
from simcert.policy._peers.argo_signatures import FUNCTIONS
from simcert.policy._peers.argo_tokens import ConditionError

_INT = frozenset({"int", "number"})
_NUMBER = _INT | {"float"}
_ELEMENTS = {"array": "any", "floats": "float", "strings": "string", "bools": "bool"}
_ARRAYS = frozenset(_ELEMENTS)
_OF_ONE = {**dict.fromkeys(_NUMBER, "floats"), "string": "strings", "bool": "bools"}
_SIZED = _ARRAYS | {"string", "map", "any"}
EXACT = frozenset({"isNaN", "isInf"})  # these take a float and nothing else


def type_of(value: object) -> str:
    """Return the static type of a measured value."""
    if value is None:
        return "nil"
    for word, kind in (("bool", bool), ("int", int), ("float", float), ("string", str)):
        if isinstance(value, kind):
            return word
    if isinstance(value, dict):
        return "map"
    numbers = isinstance(value, list) and all(map(is_number, value))
    return "floats" if value and numbers else "array"  # an empty one may have been of anything


def is_number(value: object) -> bool:
    """Return whether `value` is an int or a float; a bool is neither."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def becomes_float(node: Node | None) -> bool:
    """Return whether the product writes literals as floats for a function that takes a float.

    It looks for them through signs, sums and products only: `isNaN(-1)` is asked, but
    `isNaN(len(result))` is an error, and so is a whole number by way of `default` or `?:`.
    """
    if node is None or node.kind == "literal":
        return node is not None and isinstance(node.value, int)
    through = node.kind == "unary" or (node.kind == "binary" and node.value in ("+", "-", "*"))
    return through and any(map(becomes_float, node.parts))


def shown(value: object) -> str:
    """Return a value for a message: what is long, or shares its parts, by its type alone."""
    if is_number(value) or isinstance(value, str):
        return f"{value!r:.60}"
    return type_of(value)


def check(node: Node, result: str, element: str | None = None) -> str:
    """Return the type of `node`; ConditionError where an operator does not fit its operands."""
    return _Checker("number" if result == "int" else result).visit(node, element)


class _Checker:
    """Walks the tree with the type of `result` and of the element of the innermost predicate."""

    def __init__(self, result: str) -> None:
        self._names = {"result": result, "$env": "map"}
        self._budget = Budget()

    def visit(self, node: Node, element: str | None) -> str:
        self._budget.spend()
        if node.kind in ("call", "let"):
            return self._call(node, element) if node.kind == "call" else self._let(node, element)
        types = [self.visit(p, element) for p in node.parts if p is not None]
        rule = getattr(self, f"_{node.kind}")
        found: str = rule(node, types, element)
        return found

    def _literal(self, node: Node, _: list[str], __: str | None) -> str:
        return type_of(node.value)

    def _name(self, node: Node, _: list[str], __: str | None) -> str:
        if node.value not in self._names:
            raise ConditionError(f"unknown name {node.value}")
        return self._names[node.value]

    def _let(self, node: Node, element: str | None) -> str:
        value, body = (part for part in node.parts if part is not None)
        if node.value in self._names or node.value in FUNCTIONS or node.value in PREDICATES:
            raise ConditionError(f"cannot declare {node.value} again")
        before = self._names
        self._names = {**before, node.value: self.visit(value, element)}
        found = self.visit(body, element)
        self._names = before
        return found

    def _element(self, node: Node, __: list[str], element: str | None) -> str:
        if element is None:
            raise ConditionError("'#' outside a predicate")
        named = {"": element, "index": "int", "acc": "any"}
        if node.value not in named:
            raise ConditionError(f"unknown pointer #{node.value}")
        return named[node.value]

    def _array(self, _: Node, types: list[str], ___: str | None) -> str:
        return _OF_ONE.get(types[0], "array") if len(set(types)) == 1 else "array"

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
        pattern = node.parts[1]
        if node.value == "matches" and pattern is not None and pattern.kind == "literal":
            self._budget.spend(len(compiled(str(pattern.value))))
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
        if base in _ARRAYS and key in _INT | {"any"}:
            return _ELEMENTS[base]
        raise ConditionError(f"cannot take an element of {base} by {key}")

    def _slice(self, _: Node, types: list[str], __: str | None) -> str:
        if types[0] not in _SIZED - {"map"} or any(t not in _INT | {"any"} for t in types[1:]):
            raise ConditionError(f"cannot slice {types[0]}")
        return types[0]

    def _call(self, node: Node, element: str | None) -> str:
        name, arguments = node.value, [p for p in node.parts if p is not None]
        if name in PREDICATES:
            return self._predicate(name, arguments, element)
        if name not in FUNCTIONS:
            raise ConditionError(f"unknown name {name}")
        signature = FUNCTIONS[name]
        _count(name, len(arguments), signature.least, signature.most)
        types = [self.visit(a, element) for a in arguments]
        exact = name in EXACT and types[0] == "int"
        if exact and not becomes_float(arguments[0]):
            raise ConditionError(f"{name} takes a float, not int")
        if types and signature.takes and types[0] not in signature.takes:
            raise ConditionError(f"{name} does not take {types[0]}")
        return signature.returns

    def _predicate(self, name: str, arguments: list[Node], element: str | None) -> str:
        least = 1 if name in ("count", "sum") else 2
        _count(name, len(arguments), least, 3 if name in ("reduce", "sortBy") else 2)
        array = self.visit(arguments[0], element)
        if array not in _ARRAYS | {"any"}:
            raise ConditionError(f"{name} takes an array, not {array}")
        inner = _ELEMENTS.get(array, "any")
        answer = self.visit(arguments[1], inner) if len(arguments) > 1 else "any"
        for rest in arguments[2:]:
            self.visit(rest, element)
        if name in _ASKING and answer not in ("bool", "any"):
            raise ConditionError(f"the predicate of {name} must be bool, not {answer}")
        if name in ("filter", "sortBy"):
            return array if array != "any" else "array"
        return _ANSWERS.get(name, "any")


_ASKING = PREDICATES - {"map", "sum", "sortBy", "reduce"}
_ANSWERS = {
    **dict.fromkeys(("all", "any", "none", "one"), "bool"), "map": "array", "count": "int",
}  # fmt: skip


def _count(name: str, given: int, least: int, most: int) -> None:
    if not least <= given <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        raise ConditionError(f"{name} takes {wanted} argument(s), not {given}")


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
    return left if left == right else "number" if {left, right} <= _INT else "float"


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


_BOOL, _STRING = frozenset({"bool"}), frozenset({"string"})
_OPERANDS = {
    **dict.fromkeys(("and", "or"), (_BOOL,)),
    **dict.fromkeys(("<", ">", "<=", ">=", "+"), (_NUMBER, _STRING)),
    **dict.fromkeys(("-", "*", "/", "**"), (_NUMBER,)),
    **dict.fromkeys(("%", ".."), (_INT,)),
    **dict.fromkeys(("contains", "startsWith", "endsWith", "matches"), (_STRING,)),
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
    return right in _ELEMENTS and _comparable(left, _ELEMENTS[right])
