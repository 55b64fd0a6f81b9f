"""Go's regular expressions, parsed by hand: text in, a small tree out; bounded, nothing is matched.

Laziness is read and forgotten: it changes what is found, not whether.
"""

import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from simcert.policy._peers.argo_tokens import ConditionError

Test: TypeAlias = Callable[[str], bool]
MAX_DEPTH = 50  # of groups
MAX_REPEAT = 1000  # Go's own limit of {n,m}

_DIGIT, _SPACE = frozenset(string.digits), frozenset("\t\n\f\r ")
_WORD = frozenset(string.ascii_letters + string.digits + "_")
_SHORT = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_NAMED = {
    "alnum": _WORD - {"_"}, "alpha": frozenset(string.ascii_letters), "digit": _DIGIT,
    "ascii": frozenset(map(chr, range(128))), "blank": frozenset("\t "), "word": _WORD,
    "cntrl": frozenset(map(chr, (*range(32), 127))), "lower": frozenset(string.ascii_lowercase),
    "graph": frozenset(map(chr, range(33, 127))), "print": frozenset(map(chr, range(32, 127))),
    "punct": frozenset(string.punctuation), "space": _SPACE | {"\v"},
    "upper": frozenset(string.ascii_uppercase), "xdigit": frozenset(string.hexdigits),
}  # fmt: skip
_CONTROL = {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}
_OCTAL = "01234567"
_AT = {"A": "start", "z": "end", "b": "boundary", "B": "inside"}
_REPEAT = {"*": (0, None), "+": (1, None), "?": (0, 1)}


@dataclass(frozen=True, slots=True)
class Part:
    """One part: `one` character, a place `at` which, a sequence, `either` of some, a `repeat`."""

    kind: str
    test: Test | None = None
    word: str = ""
    parts: tuple["Part", ...] = ()
    least: int = 0
    most: int | None = None
    work: int = 1  # of the test: members of a class


@dataclass(frozen=True, slots=True)
class _Flags:
    """What `(?i)`, `(?m)` and `(?s)` set for the rest of their group."""

    fold: bool = False
    lines: bool = False
    dot_all: bool = False


def parse(pattern: str) -> Part:
    """Return the tree of a pattern; ConditionError if Go would not take it."""
    parser = _Parser(pattern)
    part = parser.either(_Flags())
    if parser.rest:
        raise ConditionError(f"unexpected {parser.rest[0]!r} in the pattern")
    return part


class _Parser:
    """Recursive descent over the characters of a pattern."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self._depth = 0

    @property
    def rest(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        char = self.rest
        if not char:
            raise ConditionError("the pattern ends too early")
        self._at += 1
        return char

    def _accept(self, text: str) -> bool:
        found = self._text.startswith(text, self._at)
        self._at += len(text) * found
        return found

    def _until(self, end: str) -> str:
        stop = self._text.find(end, self._at)
        if stop < 0:
            raise ConditionError(f"missing {end!r} in the pattern")
        found, self._at = self._text[self._at : stop], stop + len(end)
        return found

    def either(self, flags: _Flags) -> Part:
        """Return alternatives up to the end of the group."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ConditionError(f"groups nested deeper than {MAX_DEPTH}")
        options, sequence = [], list[Part]()
        while self.rest not in ("", ")"):
            if self._accept("|"):
                options.append(Part("sequence", parts=tuple(sequence)))
                sequence = []
            elif self._text.startswith("(?", self._at) and (changed := self._flags(flags)):
                flags = changed
                if self._counts() is not None:
                    raise ConditionError("a repetition of flags in the pattern")
            else:
                sequence.append(self._repeated(self._single(flags)))
        self._depth -= 1
        last = Part("sequence", parts=tuple(sequence))
        return Part("either", parts=(*options, last)) if options else last

    def _flags(self, flags: _Flags) -> _Flags | None:
        """Return the flags that `(?ims)` leaves for the rest of the group; None if it is none."""
        end = self._text.find(")", self._at)
        letters = self._text[self._at + 2 : end] if end > 0 else ""
        if not letters or letters.strip("imsU-"):
            return None
        self._at = end + 1
        return _changed(flags, letters)

    def _repeated(self, part: Part) -> Part:
        counts = self._counts()
        if counts is None:
            return part
        self._accept("?")
        if self._counts() is not None:
            raise ConditionError("a repetition of a repetition in the pattern")
        least, most = counts
        return Part("repeat", parts=(part,), least=least, most=most)

    def _counts(self) -> tuple[int, int | None] | None:
        if self.rest in _REPEAT and self.rest:
            return _REPEAT[self._take()]
        end = self._text.find("}", self._at)
        low, comma, high = self._text[self._at + 1 : max(end, 0)].partition(",")
        if self.rest != "{" or not low.isdecimal() or not (high == "" or high.isdecimal()):
            return None  # no count: a brace stands for itself
        self._at = end + 1
        if max(len(low), len(high)) > 4 or max(int(low), int(high or 0)) > MAX_REPEAT:
            raise ConditionError(f"a repetition of more than {MAX_REPEAT} in the pattern")
        most = (int(high) if high else None) if comma else int(low)
        if most is not None and most < int(low):
            raise ConditionError("a repetition from more to fewer in the pattern")
        return int(low), most

    def _single(self, flags: _Flags) -> Part:
        char = self._take()
        if char == "(":
            return self._group(flags)
        if char == "[":
            test, members = self._class(flags)
            return Part("one", test=test, work=members)
        if char == ".":
            return Part("one", test=lambda c: flags.dot_all or c != "\n")
        if char == "^":
            return Part("at", word="line start" if flags.lines else "start")
        if char == "$":
            return Part("at", word="line end" if flags.lines else "end")
        if char in _REPEAT:
            raise ConditionError(f"{char!r} repeats nothing in the pattern")
        if char == "\\" and self.rest in _AT and self.rest:
            return Part("at", word=_AT[self._take()])
        return Part("one", test=_folded(self._escape() if char == "\\" else _is(char), flags))

    def _group(self, flags: _Flags) -> Part:
        if self._accept("?P<") or self._accept("?<"):
            name = self._until(">")
            if not name or name.strip("_" + string.ascii_letters + string.digits):
                raise ConditionError(f"a group named {name[:20]!r} in the pattern")
        elif self._accept("?"):
            letters = self._until(":")
            if letters.strip("imsU-"):
                raise ConditionError(f"a group of unknown kind {letters[:20]!r} in the pattern")
            flags = _changed(flags, letters)
        part = self.either(flags)
        if not self._accept(")"):
            raise ConditionError("missing ')' in the pattern")
        return part

    def _escape(self) -> Test:
        char = self._take()
        if char.lower() in _SHORT:
            return _among(_SHORT[char.lower()], negated=char.isupper())
        return _is(self._character(char))

    def _character(self, char: str) -> str:
        """Return what an escaped letter stands for."""
        if char == "x":
            digits = self._until("}") if self._accept("{") else self._take() + self._take()
            if not digits or len(digits) > 6 or digits.strip(string.hexdigits):
                raise ConditionError(f"\\x{digits[:10]} in the pattern is no character")
            return chr(min(int(digits, 16), 0x10FFFF))
        if char in _CONTROL:
            return _CONTROL[char]
        octal = char == "0" or (char in _OCTAL and self.rest in _OCTAL and self.rest)
        if octal:
            for _ in range(2):
                char += self._take() if self.rest in _OCTAL and self.rest else ""
            return chr(int(char, 8))
        if char.isalnum() or not char.isascii():
            raise ConditionError(f"unknown escape \\{char} in the pattern")
        return char

    def _class(self, flags: _Flags) -> tuple[Test, int]:
        """Return test and size of a class in brackets; a `]` at its start stands for itself."""
        negated = self._accept("^")
        tests: list[Test] = []
        while not self._accept("]") or not tests:
            tests.append(self._member(first=not tests))
        inside = _folded(lambda c: any(test(c) for test in tests), flags)
        return lambda c: inside(c) is not negated, len(tests)

    def _member(self, first: bool) -> Test:
        if first and self._text[self._at - 1] == "]":
            char = "]"
        elif self._accept("[:"):
            name = self._until(":]")
            if name.removeprefix("^") not in _NAMED:
                raise ConditionError(f"unknown class [:{name[:20]}:] in the pattern")
            return _among(_NAMED[name.removeprefix("^")], negated=name[0] == "^")
        else:
            char = self._take()
        if char == "\\" and self.rest.lower() in _SHORT and self.rest:
            return self._escape()
        low = self._character(self._take()) if char == "\\" else char
        ranged = self.rest == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", "")
        if not ranged:
            return _is(low)
        self._take()
        char = self._take()
        high = self._character(self._take()) if char == "\\" else char
        if high < low:
            raise ConditionError(f"a range from {low!r} to {high!r} in the pattern")
        return lambda c: low <= c <= high


def _changed(flags: _Flags, letters: str) -> _Flags:
    on, _, off = letters.partition("-")

    def held(letter: str, before: bool) -> bool:
        return (before or letter in on) and letter not in off

    return _Flags(held("i", flags.fold), held("m", flags.lines), held("s", flags.dot_all))


def _is(char: str) -> Test:
    return lambda c: c == char


def _among(chars: frozenset[str], negated: bool = False) -> Test:
    return lambda c: (c in chars) is not negated


def _folded(test: Test, flags: _Flags) -> Test:
    if not flags.fold:
        return test
    return lambda c: any(test(one) for one in (c, c.lower(), c.upper()) if len(one) == 1)
