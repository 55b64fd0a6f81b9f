"""What the functions of Argo's condition language take and return, as types are checked.

Source: expr-lang/expr, builtin (MIT), argoproj/argo-rollouts, utils/evaluate (Apache-2.0).
"""

from dataclasses import dataclass

_MANY = 1000
_NUMBERS = frozenset({"int", "float", "number", "any"})
_TEXT = frozenset({"string", "any"})
_ARRAYS = frozenset({"array", "floats", "strings", "bools", "any"})
_SIZED = _ARRAYS | _TEXT | {"map"}
_MAP = frozenset({"map", "any"})


@dataclass(frozen=True, slots=True)
class Signature:
    """How many arguments a function takes, of which type the first is, and what it returns."""

    takes: frozenset[str] = frozenset()  # none: whatever it is
    returns: str = "any"
    least: int = 1
    most: int = 1


FUNCTIONS = {
    "isNil": Signature(returns="bool"),
    "isNaN": Signature(_NUMBERS, "bool"),
    "isInf": Signature(_NUMBERS, "bool"),
    "default": Signature(least=2, most=2),
    "asInt": Signature(returns="int"),
    "asFloat": Signature(returns="float"),
    "len": Signature(_SIZED, "int"),
    "abs": Signature(_NUMBERS),
    **dict.fromkeys(("ceil", "floor", "round"), Signature(_NUMBERS, "float")),
    "int": Signature(_NUMBERS | _TEXT, "int"),
    "float": Signature(_NUMBERS | _TEXT, "float"),
    **dict.fromkeys(("string", "type"), Signature(returns="string")),
    **dict.fromkeys(("min", "max"), Signature(_NUMBERS | _ARRAYS, most=_MANY)),
    **dict.fromkeys(("mean", "median"), Signature(_NUMBERS | _ARRAYS, "float", most=_MANY)),
    **dict.fromkeys(("first", "last"), Signature(_ARRAYS)),
    "take": Signature(_ARRAYS, "array", least=2, most=2),
    **dict.fromkeys(("reverse", "uniq", "flatten"), Signature(_ARRAYS, "array")),
    "sort": Signature(_ARRAYS, "array", most=2),
    "concat": Signature(_ARRAYS, "array", most=_MANY),
    "get": Signature(_ARRAYS | _MAP, least=2, most=2),
    **dict.fromkeys(("keys", "values"), Signature(_MAP, "array")),
    **dict.fromkeys(("lower", "upper"), Signature(_TEXT, "string")),
    **dict.fromkeys(("trim", "trimPrefix", "trimSuffix"), Signature(_TEXT, "string", most=2)),
    **dict.fromkeys(("split", "splitAfter"), Signature(_TEXT, "array", least=2, most=3)),
    "replace": Signature(_TEXT, "string", least=3, most=4),
    "repeat": Signature(_TEXT, "string", least=2, most=2),
    "join": Signature(_ARRAYS, "string", most=2),
    **dict.fromkeys(("indexOf", "lastIndexOf"), Signature(_TEXT, "int", least=2, most=2)),
    **dict.fromkeys(("hasPrefix", "hasSuffix"), Signature(_TEXT, "bool", least=2, most=2)),
}
