"""A table of TOML becomes a frozen dataclass, or every reason why it cannot, at once.

Fields are the keys, annotations the types, `Annotated[float, Within(...)]` the bounds. `bool` is no
`int`, an `int` may stand for a `float`, nothing else is converted; unknown keys are errors.
"""

import datetime as dt
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from simcert.errors import InputError, nearest
from simcert.model.bounds import Share
from simcert.scenario.lines import LineFinder

Distribution = tuple[tuple[str, float], ...]
"""A table of names and shares that sum to 1."""
YEARS = (1970, 2200)  # in which rotations begin; a century to either side is still a date
SHOWN_MAX = 300  # letters of a wrong value, or of a file or text, that are told


@dataclass(slots=True)
class Problems:
    """Collects what is wrong with one file, each with its place."""

    file: str
    lines: LineFinder
    found: list[tuple[int, str, str]] = field(default_factory=list)

    def add(self, path: str, message: str) -> None:
        """Note that `message` is wrong at the dotted key `path`."""
        self.found.append((self.lines.of(path), path, message))

    def check(self) -> None:
        """Raise InputError with everything that was found, in order of lines."""
        if self.found:
            raise InputError("\n".join(self._line(*one) for one in sorted(self.found)))

    def _line(self, line: int, path: str, message: str) -> str:
        file = self.file if len(self.file) <= SHOWN_MAX else f"{self.file[:SHOWN_MAX]}..."
        place = f"{file}:{line}" if line else file
        return f"{place}: {path}: {message}" if path else f"{place}: {message}"


def hint(name: str, known: list[str]) -> str:
    """Return the nearest of the known names as a question, or all of them."""
    near = nearest(name, known)
    return f'did you mean "{near}"?' if near else f"known: {', '.join(sorted(known))}"


def build(cls: type, table: object, path: str, problems: Problems) -> Any:  # noqa: ANN401 - by class
    """Return `cls` from a table; None after noting in `problems` why that is impossible."""
    if not isinstance(table, dict):
        problems.add(path, f"must be a table, got {shown(table)}")
        return None
    before = len(problems.found)
    hints = get_type_hints(cls, include_extras=True)
    wanted = {f.name: f for f in fields(cls) if f.init and not f.name.startswith("_")}
    for key in table.keys() - wanted.keys():
        problems.add(_join(path, key), f'unknown key "{key}"; {hint(key, list(wanted))}')
    values = {k: value(hints[k], table[k], _join(path, k), problems) for k in wanted if k in table}
    for name, one in wanted.items():
        if name not in table and _required(one):
            problems.add(path, f'key "{name}" is missing')
    return _made(cls, values, path, problems) if len(problems.found) == before else None


def value(hint_: Any, raw: object, path: str, problems: Problems) -> Any:  # noqa: ANN401 - by hint
    """Return `raw` as the annotation wants it; notes a problem and returns None if it is not."""
    kind, limits = (get_args(hint_)[0], get_args(hint_)[1:]) if _annotated(hint_) else (hint_, ())
    before = len(problems.found)
    result = _typed(kind, raw, path, problems)
    if len(problems.found) > before:
        return result  # one mistake, one message
    numbers = result if isinstance(result, tuple) else (result,)
    for limit in limits:
        bad = [v for v in numbers if isinstance(v, int | float) and v not in limit]
        if bad:
            problems.add(path, f"must be {limit.wanted(bad[0])}, got {shown(bad[0])}")
    return result


def _typed(kind: Any, raw: object, path: str, problems: Problems) -> Any:  # noqa: ANN401 - by hint
    if kind == Distribution:
        return _distribution(raw, path, problems)
    if is_dataclass(kind) and isinstance(kind, type):
        return build(kind, raw, path, problems)
    if get_origin(kind) in (Union, types.UnionType):
        return value(next(k for k in get_args(kind) if k is not type(None)), raw, path, problems)
    if get_origin(kind) is Literal:
        return _choice([*get_args(kind)], raw, path, problems)
    if get_origin(kind) is tuple:
        return _array(get_args(kind)[0], raw, path, problems)
    return _scalar(kind, raw, path, problems)


_NAMES = {float: "a number", int: "a whole number", str: "a text", bool: "true or false"}


def _scalar(kind: type, raw: object, path: str, problems: Problems) -> Any:  # noqa: ANN401
    if kind is float and type(raw) is int:
        return _fraction(raw, path, problems)
    if kind is dt.datetime:
        return _moment(raw, path, problems)
    if type(raw) is not kind:
        problems.add(path, f"must be {_NAMES.get(kind, kind.__name__)}, got {shown(raw)}")
        return None
    if isinstance(raw, float) and raw != raw:
        problems.add(path, "must be a number, got nan")
    return raw


def _fraction(raw: int, path: str, problems: Problems) -> float | None:
    try:
        return float(raw)
    except OverflowError:
        problems.add(path, f"is beyond all numbers, got {shown(raw)}")
        return None


def _moment(raw: object, path: str, problems: Problems) -> dt.datetime | None:
    """Return an aware UTC datetime of an RFC 3339 text or a TOML date-time with offset."""
    try:
        moment = raw if isinstance(raw, dt.datetime) else dt.datetime.fromisoformat(str(raw))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        problems.add(path, f"must be a time like 2026-03-01T00:00:00Z, got {shown(raw)}")
        return None
    if not YEARS[0] <= moment.year <= YEARS[1]:
        problems.add(path, f"must lie in the years {YEARS[0]} to {YEARS[1]}, got {shown(raw)}")
        return None
    return moment.astimezone(dt.UTC)


def _choice(options: list[str], raw: object, path: str, problems: Problems) -> object:
    if raw not in options:
        near = hint(raw, options) if isinstance(raw, str) else f"known: {', '.join(options)}"
        problems.add(path, f"unknown value {shown(raw)}; {near}")
    return raw


def _array(kind: Any, raw: object, path: str, problems: Problems) -> tuple[Any, ...] | None:  # noqa: ANN401
    if not isinstance(raw, list):
        problems.add(path, f"must be an array, got {shown(raw)}")
        return None
    return tuple(value(kind, one, f"{path}[{i}]", problems) for i, one in enumerate(raw))


def _distribution(raw: object, path: str, problems: Problems) -> Distribution | None:
    if not isinstance(raw, dict):
        problems.add(path, f"must be a table of shares, got {shown(raw)}")
        return None
    before = len(problems.found)
    shares = [(str(k), value(Share, v, _join(path, k), problems)) for k, v in raw.items()]
    if len(problems.found) > before:
        return None
    total = sum(v for _, v in shares if isinstance(v, float))
    if abs(total - 1.0) > 1e-6:
        problems.add(path, f"shares sum to {total:.9g}, must sum to 1")
    return tuple(shares)


def _made(cls: type, values: Mapping[str, object], path: str, problems: Problems) -> object:
    """Construct; a class may refuse values that only disagree with each other."""
    try:
        return cls(**values)
    except (ValueError, TypeError) as error:
        problems.add(path, str(error))
        return None


def _required(one: "Field[Any]") -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def _annotated(hint_: object) -> bool:
    return get_origin(hint_) is Annotated


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def shown(raw: object) -> str:
    """Return a value as its file has it, as far as anybody wants to read it."""
    if isinstance(raw, bool):
        return str(raw).lower()
    if isinstance(raw, int) and raw.bit_length() > 128:
        return f"a whole number of {raw.bit_length()} bits"
    text = f'"{raw}"' if isinstance(raw, str) else f"{raw!r}"
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}..."
