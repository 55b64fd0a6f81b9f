"""The words of Argo's condition language: text in, tokens and the values of literals out.

Grammar: expr-lang's lexer (docs/language-definition.md); bounded, no evaluation.
"""

import re
from dataclasses import dataclass

from simcert.errors import InputError

_TOKEN = re.compile(
    r"""\s+|//[^\n]*|/\*.*?\*/
    |(?P<float>\d[\d_]*\.(?!\.)[\d_]*(?:[eE][+-]?\d+)?|\.\d[\d_]*(?:[eE][+-]?\d+)?|\d[\d_]*[eE][+-]?\d+)
    |(?P<int>0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|\d[\d_]*)
    |(?P<str>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
    |(?P<word>[A-Za-z_$][A-Za-z0-9_$]*)
    |(?P<op>\|\||&&|\?\?|\?\.|\*\*|\.\.|[=!<>]=|[-+*/%^!<>=?:.,()\[\]{}\#;|])""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))", re.DOTALL)


class ConditionError(InputError):
    """The condition does not parse, does not type-check, or fails while it is evaluated."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word: `kind` is float, int, str, word, op or end."""

    kind: str
    text: str


def tokens(text: str) -> list[Token]:
    """Return the words of a condition and the end; ConditionError at what is none."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ConditionError(f"unexpected character {text[at]!r}")
        at = match.end()
        if match.lastgroup is not None:
            found.append(Token(match.lastgroup, match.group()))
    return [*found, Token("end", "end of condition")]


def literal(token: Token) -> int | float | str:
    """Return what a number or a text stands for; ConditionError if 64 bits do not hold it."""
    if token.kind == "str":
        return _text(token.text)
    digits = token.text.replace("_", "")
    if token.kind == "float":
        if float(digits) == float("inf"):
            raise ConditionError(f"number {token.text} is out of range")
        return float(digits)
    based = re.match(r"0[xXoObB]", digits) is not None
    if based and len(digits) == 2:
        raise ConditionError(f"integer {token.text} has no digits")
    value = int(digits, 0) if based else int(digits)
    if value >= 1 << 63:
        raise ConditionError(f"integer {token.text} is out of range")
    return value


def _text(quoted: str) -> str:
    if quoted[0] == "`":
        return quoted[1:-1]
    return _ESCAPE.sub(_unescape, quoted[1:-1])


def _unescape(match: re.Match[str]) -> str:
    code = match.group(1) or match.group(2)
    if code:
        return chr(int(code, 16))
    letter = match.group(3)
    if letter in _ESCAPES or letter in "\\'\"`":
        return _ESCAPES.get(letter, letter)
    raise ConditionError(f"unknown escape \\{letter}")
