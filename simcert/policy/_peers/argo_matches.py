r"""Regular expressions of Argo's conditions: Go's syntax, and a walk that never goes back.

A pattern becomes steps that walk the text side by side, so the work is at most the product of both
lengths, whatever the pattern is, and it is taken from a budget. Left out, and so an error, as what
Go does not have (look-around, back references): classes by Unicode property, `\Q...\E`.
Source: Go's documentation of regexp/syntax.
"""

import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from simcert.policy._peers.argo_regexp import Part, parse
from simcert.policy._peers.argo_tokens import ConditionError

MAX_CHARS = 4096
MAX_STEPS = 4000  # of one pattern, its repetitions written out
_WORD = frozenset(string.ascii_letters + string.digits + "_")
Spend: TypeAlias = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: takes a character, asks where it stands, goes on elsewhere, or is the end."""

    takes: Callable[[str], bool] | None = None
    work: int = 1  # to tell whether it takes a character
    asks: str | None = None
    to: tuple[int, ...] = ()


@dataclass(slots=True)
class _Steps:
    """The steps of a pattern as they are written one after another."""

    found: list[Step] = field(default_factory=list)
    written: int = 0  # parts, of which an empty one makes no step

    def add(self, step: Step) -> int:
        self.found.append(step)
        return len(self.found) - 1

    def write(self, part: Part) -> None:
        """Append the steps of a part; what follows it is the next step."""
        self.written += 1
        if max(self.written, len(self.found)) > MAX_STEPS:
            raise ConditionError(f"a pattern of more than {MAX_STEPS} steps")
        if part.kind == "one":
            self.add(Step(takes=part.test, work=part.work))
        elif part.kind == "at":
            self.add(Step(asks=part.word))
        elif part.kind == "either":
            self._either(part.parts)
        elif part.kind == "repeat":
            self._repeat(part)
        else:
            for inner in part.parts:
                self.write(inner)

    def _either(self, options: tuple[Part, ...]) -> None:
        ends: list[int] = []
        for option in options[:-1]:
            fork = self.add(Step())
            self.write(option)
            ends.append(self.add(Step()))
            self.found[fork] = Step(to=(fork + 1, len(self.found)))
        self.write(options[-1])
        for end in ends:
            self.found[end] = Step(to=(len(self.found),))

    def _repeat(self, part: Part) -> None:
        (inner,) = part.parts
        for _ in range(part.least):
            self.write(inner)
        if part.most is None:
            fork = self.add(Step())
            self.write(inner)
            self.add(Step(to=(fork,)))
            self.found[fork] = Step(to=(fork + 1, len(self.found)))
            return
        forks = []
        for _ in range(part.most - part.least):
            forks.append(self.add(Step()))
            self.write(inner)
        for fork in forks:
            self.found[fork] = Step(to=(fork + 1, len(self.found)))


@lru_cache(maxsize=64)
def compiled(pattern: str) -> tuple[Step, ...]:
    """Return the steps of a pattern; ConditionError if Go would not take it."""
    if len(pattern) > MAX_CHARS:
        raise ConditionError(f"a pattern of {len(pattern)} characters, at most {MAX_CHARS}")
    steps = _Steps()
    steps.write(parse(pattern))
    return tuple(steps.found)


def matches(text: str, pattern: str, spend: Spend) -> bool:
    """Return whether the pattern is found anywhere in the text; every step is paid for."""
    steps = compiled(pattern)
    spend(len(steps))
    waiting: list[int] = []
    for at in range(len(text) + 1):
        seen: set[int] = set()
        here = list(_reached(steps, [*waiting, 0], text, at, seen))
        spend(len(seen) + sum(steps[i].work for i in here))
        if len(steps) in seen:
            return True
        char = text[at] if at < len(text) else None
        waiting = [i + 1 for i in here if char is not None and _takes(steps[i], char)]
    return False


def _takes(step: Step, char: str) -> bool:
    return step.takes is not None and step.takes(char)


def _reached(
    steps: tuple[Step, ...], start: list[int], text: str, at: int, seen: set[int]
) -> Iterator[int]:
    """Yield the steps that wait for a character at this place; `seen` holds all that were met."""
    open_steps = start
    while open_steps:
        index = open_steps.pop()
        if index in seen:
            continue
        seen.add(index)
        if index == len(steps):
            continue
        step = steps[index]
        if step.takes is not None:
            yield index
        elif step.asks is None:
            open_steps.extend(step.to)
        elif _PLACES[step.asks](text, at):
            open_steps.append(index + 1)


def _boundary(text: str, at: int) -> bool:
    before = at > 0 and text[at - 1] in _WORD
    return before is not (at < len(text) and text[at] in _WORD)


_PLACES: dict[str, Callable[[str, int], bool]] = {
    "start": lambda _, at: at == 0,
    "end": lambda text, at: at == len(text),
    "line start": lambda text, at: at == 0 or text[at - 1] == "\n",
    "line end": lambda text, at: at == len(text) or text[at] == "\n",
    "boundary": _boundary,
    "inside": lambda text, at: not _boundary(text, at),
}
