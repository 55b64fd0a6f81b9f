"""Argo's condition language, parsed by hand: text in, a small tree out; bounded, no evaluation.

The grammar and its precedence are expr-lang's (docs/language-definition.md): `not` binds tighter
than a comparison, comparisons chain, `??` must not be mixed without parentheses. Left out, and so
an error as any unknown syntax: sequences of expressions and methods.
"""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from simcert.policy._peers.argo_tokens import ConditionError, Token, literal, tokens

Value: TypeAlias = Any  # of the language: nil, bool, int, float, string, array, map
MAX_CHARS = 4096
MAX_DEPTH = 64  # of parentheses, calls and signs
MAX_CHAIN = 200  # of operators or members after one another: what walks the tree is recursive
MAX_STEPS = 100_000  # of one walk through the tree, elements of arrays counted
PREDICATES = frozenset({
    "all", "any", "none", "one", "filter", "map", "count", "sum", "find", "findIndex", "findLast",
    "findLastIndex", "sortBy", "reduce",
})  # fmt: skip

_BINARY = {
    "|": 0, "or": 10, "||": 10, "and": 15, "&&": 15,
    "==": 20, "!=": 20, "<": 20, ">": 20, "<=": 20, ">=": 20,
    "in": 20, "contains": 20, "startsWith": 20, "endsWith": 20, "matches": 20,
    "..": 25, "+": 30, "-": 30, "*": 60, "/": 60, "%": 60, "^": 100, "**": 100, "??": 500,
}  # fmt: skip
_UNARY = {"not": 50, "!": 50, "-": 90, "+": 90}
_CHAINS = frozenset({"<", ">", "<=", ">="})
_RIGHT = frozenset({"^", "**"})
_NEGATABLE = frozenset({"in", "contains", "startsWith", "endsWith", "matches"})
_RESERVED = _NEGATABLE | {"not", "and", "or", "let", "if", "else"}
_ALIASES = {"&&": "and", "||": "or", "!": "not", "^": "**"}


@dataclass(frozen=True, slots=True)
class Node:
    """One node: `kind` names it, `value` is its operator, name or literal, `parts` its operands."""

    kind: str
    value: Value = None
    parts: tuple["Node | None", ...] = ()
    height: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        height = 1 + max((part.height for part in self.parts if part is not None), default=0)
        if height > MAX_CHAIN:
            raise ConditionError(f"a chain of more than {MAX_CHAIN} operators")
        object.__setattr__(self, "height", height)


@dataclass(slots=True)
class Budget:
    """Steps left for one walk: parts of a tree are shared, so its size says little of the work."""

    left: int = MAX_STEPS

    def spend(self, steps: int = 1) -> None:
        """Take the steps; ConditionError if they are not there."""
        self.left -= steps
        if self.left < 0:
            raise ConditionError(f"more than {MAX_STEPS} steps")


def parse(text: str) -> Node:
    """Return the tree of a condition; ConditionError names what was not understood."""
    if len(text) > MAX_CHARS:
        raise ConditionError(f"condition of {len(text)} characters, at most {MAX_CHARS}")
    parser = _Parser(tokens(text))
    node = parser.expression(0)
    if parser.now.kind != "end":
        raise ConditionError(f"unexpected {parser.now.text!r}")
    return node


class _Parser:
    """Precedence climbing over a list of tokens."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0
        self._depth = 0

    @property
    def now(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self.now
        self._at += token.kind != "end"
        return token

    def _is(self, *texts: str) -> bool:
        return self.now.kind in ("op", "word") and self.now.text in texts

    def _accept(self, text: str) -> bool:
        found = self._is(text)
        self._at += found
        return found

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            raise ConditionError(f"expected {text!r}, found {self.now.text!r}")

    def expression(self, least: int) -> Node:
        """Return the longest expression whose operators bind at least as tightly as `least`."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ConditionError(f"nested deeper than {MAX_DEPTH}")
        if least == 0 and self._accept("let"):
            node = self._let()
        elif least == 0 and self._accept("if"):
            node = self._if()
        else:
            node = self._operations(self._unary(), least)
            node = self._conditional(node) if least == 0 else node
        self._depth -= 1
        return node

    def _let(self) -> Node:
        name = self._identifier()
        self._expect("=")
        value = self.expression(0)
        self._expect(";")
        return Node("let", name, (value, self.expression(0)))

    def _if(self) -> Node:
        condition = self.expression(0)
        then = self._block()
        self._expect("else")
        other = self.expression(0) if self._is("if") else self._block()
        return Node("conditional", None, (condition, then, other))

    def _block(self) -> Node:
        self._expect("{")
        node = self.expression(0)
        self._expect("}")
        return node

    def _identifier(self) -> str:
        token = self._take()
        if token.kind != "word" or token.text in _RESERVED:
            raise ConditionError(f"unexpected {token.text!r} instead of a name")
        return token.text

    def _operations(self, node: Node, least: int) -> Node:
        before = ""
        while (operator := self._operator(least)) is not None:
            op, negate = operator
            if before == "??" and op not in ("??", "|"):
                raise ConditionError(f"{op!r} and '??' need parentheses")
            node = self._applied(node, op)
            node = Node("unary", "not", (node,)) if negate else node
            before = op
        return node

    def _operator(self, least: int) -> tuple[str, bool] | None:
        negate = self._is("not")
        op = self._tokens[self._at + negate].text
        if self.now.kind not in ("op", "word") or _BINARY.get(op, -1) < max(least, 0):
            return None
        if negate and op not in _NEGATABLE:
            raise ConditionError(f"unexpected 'not' before {op!r}")
        self._at += 1 + negate
        return op, negate

    def _applied(self, left: Node, op: str) -> Node:
        if op == "|":
            word = self._identifier()
            self._expect("(")
            return self._call(word, [left])
        return self._comparison(left, op) if op in _CHAINS else self._binary(left, op)

    def _binary(self, left: Node, op: str) -> Node:
        tighter = 0 if op in _RIGHT else 1
        right = self.expression(_BINARY[op] + tighter)
        return Node("binary", _ALIASES.get(op, op), (left, right))

    def _comparison(self, left: Node, op: str) -> Node:
        right = self.expression(_BINARY[op] + 1)
        chain = Node("binary", op, (left, right))
        while self.now.kind == "op" and self.now.text in _CHAINS:
            op, left = self._take().text, right
            right = self.expression(_BINARY[op] + 1)
            chain = Node("binary", "and", (chain, Node("binary", op, (left, right))))
        return chain

    def _conditional(self, node: Node) -> Node:
        while self._accept("?"):
            if self._accept(":"):
                node = Node("conditional", None, (node, node, self.expression(0)))
            else:
                then = self.expression(0)
                self._expect(":")
                node = Node("conditional", None, (node, then, self.expression(0)))
        return node

    def _unary(self) -> Node:
        if self._is(*_UNARY):
            op = self._take().text
            operand = self.expression(_UNARY[op])
            return self._postfix(Node("unary", _ALIASES.get(op, op), (operand,)))
        return self._postfix(self._primary())

    def _primary(self) -> Node:
        token = self._take()
        if token.kind in ("int", "float", "str"):
            return Node("literal", literal(token))
        if token.kind == "word":
            return self._word(token.text)
        if token.text == "(":
            node = self.expression(0)
            self._expect(")")
            return node
        if token.text == "[":
            return Node("array", None, tuple(self._list("]")))
        return self._rare(token)

    def _rare(self, token: Token) -> Node:
        if token.text == "{" and token.kind == "op":
            return self._map()
        if token.text == "#" and token.kind == "op":
            named = self.now.kind == "word" and self.now.text not in _RESERVED
            return Node("element", self._take().text if named else "")
        if token.text == "." and token.kind == "op":  # `.field` in a predicate means `#.field`
            return self._member(Node("element", ""), optional=False)
        raise ConditionError(f"unexpected {token.text!r}")

    def _word(self, word: str) -> Node:
        if word in ("true", "false"):
            return Node("literal", word == "true")
        if word == "nil":
            return Node("literal", None)
        if word in _RESERVED:
            raise ConditionError(f"unexpected {word!r}")
        return self._call(word, []) if self._accept("(") else Node("name", word)

    def _call(self, word: str, given: list[Node]) -> Node:
        """Return the call of a function whose bracket is open, with what was piped into it."""
        arguments = list(given)
        while not self._accept(")"):
            braced = len(arguments) == 1 and word in PREDICATES and self._is("{")
            arguments.append(self._block() if braced else self.expression(0))
            if not self._is(")"):
                self._expect(",")
        return Node("call", word, tuple(arguments))

    def _list(self, end: str) -> list[Node]:
        items: list[Node] = []
        while not self._accept(end):
            items.append(self.expression(0))
            if not self._is(end):
                self._expect(",")
        return items

    def _map(self) -> Node:
        pairs: list[Node] = []
        while not self._accept("}"):
            key = self._key()
            self._expect(":")
            pairs.append(Node("pair", None, (key, self.expression(0))))
            if not self._is("}"):
                self._expect(",")
        return Node("map", None, tuple(pairs))

    def _key(self) -> Node:
        """Return the key of a pair: a text, a name, a number as it is written, or in brackets."""
        if self._is("("):
            return self.expression(0)
        token = self._take()
        named = token.kind in ("word", "str", "int", "float")
        if not named or (token.kind == "word" and token.text in _RESERVED):
            raise ConditionError(f"unexpected {token.text!r} as a key")
        return Node("literal", literal(token) if token.kind == "str" else token.text)

    def _postfix(self, node: Node) -> Node:
        optional = False
        while self._is(".", "?.", "["):
            token = self._take().text
            optional |= token == "?."
            node = self._index(node) if token == "[" else self._member(node, token == "?.")
        return Node("chain", None, (node,)) if optional else node

    def _member(self, node: Node, optional: bool) -> Node:
        if optional and self._accept("["):
            key = self.expression(0)
            self._expect("]")
            return Node("member", True, (node, key))
        token = self._take()
        if token.kind != "word":
            raise ConditionError(f"unexpected {token.text!r} after a dot")
        if self._is("("):
            raise ConditionError(f"no method {token.text!r}")
        return Node("member", optional, (node, Node("literal", token.text)))

    def _index(self, node: Node) -> Node:
        start = None if self._is(":") else self.expression(0)
        if not self._accept(":"):
            self._expect("]")
            return Node("member", False, (node, start))
        stop = None if self._is("]") else self.expression(0)
        self._expect("]")
        return Node("slice", None, (node, start, stop))
