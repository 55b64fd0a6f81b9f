"""The search space: a policy's own bounded parameters, narrowed by what a user names.

By default every number is searched from a quarter of its default to four times that, inside its
bounds, on a log scale. Error probabilities (`Chance`) are a guarantee, not a knob: they stay as
they are unless somebody names them.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from simcert.control.journal import stem
from simcert.errors import InputError, UnknownNameError
from simcert.model import Policy
from simcert.model.bounds import Chance, Within
from simcert.scenario.files import read_toml
from simcert.scenario.lines import LineFinder
from simcert.scenario.strict import Problems, value

FACTOR = 4.0
_SCALES = ("log", "linear")


@dataclass(frozen=True, slots=True)
class Knob:
    """One parameter that is searched: a range, or choices."""

    name: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    choices: tuple[Any, ...] = ()

    def __str__(self) -> str:
        if self.choices:
            return f"{self.name} in {', '.join(map(repr, self.choices))}"
        scale = "log" if self.log else "linear"
        return f"{self.name} from {self.low:g} to {self.high:g}, {scale}"

    def asked(self) -> str:
        """Return what `--param` takes to search just this."""
        if self.choices:
            return f"{self.name}={'|'.join(json.dumps(one) for one in self.choices)}"
        return f"{self.name}={self.low}:{self.high}:{'log' if self.log else 'linear'}"


def space(policy: Policy, asked: Sequence[str], file: str | Path | None = None) -> tuple[Knob, ...]:
    """Return the knobs: those that are named, else all that have a default range.

    InputError or UnknownNameError for a parameter, range or bound that does not fit the policy,
    with the option or file that says it.
    """
    hints = _hints(policy)
    named = {name: ("--param ", said) for name, said in map(_parted, asked)}
    named = {name: (f"{file}: ", said) for name, said in _of_file(file).items()} | named
    if named:
        return tuple(_placed(name, *said, policy, hints) for name, said in named.items())
    found = (_default(name, hint, getattr(policy, name)) for name, hint in hints.items())
    knobs = tuple(one for one in found if one is not None)
    if not knobs:
        raise InputError(
            f"{stem(policy)}: has no number to search; name one: --param NAME=LOW:HIGH"
        )
    return knobs


def _hints(policy: Policy) -> dict[str, Any]:
    hints = get_type_hints(type(policy), include_extras=True)
    return {one.name: hints[one.name] for one in fields(policy) if one.init}  # type: ignore[arg-type]


def _parted(text: str) -> tuple[str, Mapping[str, Any] | None]:
    """Return what `NAME`, `NAME=LOW:HIGH[:log|linear]` or `NAME=A|B|C` says."""
    name, equals, said = text.partition("=")
    if not equals:
        return name.strip(), None
    if "|" in said:
        return name.strip(), {"choices": [_toml(one.strip(), text) for one in said.split("|")]}
    parts = [one.strip() for one in said.split(":")]
    scales = parts[2:] or [""]
    if len(parts) not in (2, 3) or scales[0] not in ("", *_SCALES):
        form = "NAME=LOW:HIGH, NAME=LOW:HIGH:linear, NAME=LOW:HIGH:log or NAME=A|B|C"
        raise InputError(f"--param {text}: is no range; write {form}")
    low, high = (_toml(one, text) for one in parts[:2])
    return name.strip(), {"low": low, "high": high} | ({"scale": scales[0]} if scales[0] else {})


def _toml(raw: str, text: str) -> object:
    try:
        return tomllib.loads(f"value = {raw}")["value"]
    except tomllib.TOMLDecodeError:
        if raw.replace("_", "").isalnum() and not raw[:1].isdigit():
            return raw
        raise InputError(f"--param {text}: {raw!r} is no value") from None


def _of_file(file: str | Path | None) -> dict[str, Any]:
    """Return the tables of a TOML file: `[name]` with `low`, `high`, `scale`, or `choices`."""
    if file is None:
        return {}
    table = read_toml(Path(file))
    for name, said in table.items():
        keys = {"low", "high", "scale", "choices"}
        if not isinstance(said, dict) or said.keys() - keys:
            raise InputError(f"{file}: [{name}] may have {', '.join(sorted(keys))}, nothing else")
    return table


def _placed(
    name: str,
    place: str,
    said: Mapping[str, Any] | None,
    policy: Policy,
    hints: Mapping[str, Any],
) -> Knob:
    """Return the knob that an option or a file asks for; errors begin with which of both."""
    if name not in hints:
        where = place.strip(": ")
        raise UnknownNameError(f"parameter of {stem(policy)} ({where})", name, hints)
    try:
        return _named(name, said, policy, hints[name])
    except InputError as error:
        raise InputError(f"{place}{error}") from error


def _named(name: str, said: Mapping[str, Any] | None, policy: Policy, hint: Any) -> Knob:  # noqa: ANN401
    if not said:
        found = _default(name, hint, getattr(policy, name), chances=True)
        if found is None:
            raise InputError(f"{name}: has no default range; write {name}=LOW:HIGH")
        return found
    if "choices" in said:
        if not isinstance(said["choices"], list) or len(said["choices"]) < 2:
            raise InputError(f"{name}: choices must be an array of at least 2 values")
        chosen = tuple(_checked(name, hint, one) for one in said["choices"])
        return Knob(name, choices=chosen)
    return _range(name, hint, said)


def _range(name: str, hint: Any, said: Mapping[str, Any]) -> Knob:  # noqa: ANN401 - by type
    if not {"low", "high"} <= said.keys() or said.get("scale", "log") not in _SCALES:
        raise InputError(f"{name}: needs low and high; scale is one of {', '.join(_SCALES)}")
    low, high = (_checked(name, hint, said[key]) for key in ("low", "high"))
    numbers = all(type(one) in (int, float) for one in (low, high))
    if not numbers or not low < high < float("inf"):
        raise InputError(
            f"{name}: a range goes from a smaller to a larger number, got {low} to {high}"
        )
    whole = type(low) is int
    log = said.get("scale", "log" if low > 0 else "linear") == "log"
    if log and low <= 0:
        raise InputError(f"{name}: a log scale begins above 0, got {low:g}")
    return Knob(name, low, high, log, whole)


def _checked(name: str, hint: Any, raw: object) -> Any:  # noqa: ANN401 - by type
    """Return a value as the policy's own type and bounds take it."""
    problems = Problems(name, LineFinder())
    found = value(hint, raw, "", problems)
    problems.check()
    return found


def _default(name: str, hint: Any, now: object, *, chances: bool = False) -> Knob | None:  # noqa: ANN401
    """Return the range around a default; None for what is no knob unless somebody says how."""
    kind, limits = _kind(hint)
    if kind is bool:
        return Knob(name, choices=(False, True))
    if get_origin(kind) is Literal:
        return Knob(name, choices=get_args(kind))
    if type(now) not in (int, float) or not now or (hint == Chance and not chances):
        return None
    assert isinstance(now, int | float)
    low, high = _inside(float(now) / FACTOR, limits), _inside(float(now) * FACTOR, limits)
    if type(now) is int:
        low, high = max(round(low), 1), max(round(high), 2)
    return Knob(name, low, high, log=True, whole=type(now) is int) if 0 < low < high else None


def _inside(number: float, limits: Sequence[Within]) -> float:
    """Return the number nearest to it that the bounds allow."""
    for limit in limits:
        if number > limit.high or (number == limit.high and limit.open_high):
            number = limit.high * (0.999 if limit.open_high else 1.0)
        number = max(number, limit.low)
    return number


def _kind(hint: Any) -> tuple[Any, tuple[Within, ...]]:  # noqa: ANN401 - by type
    if get_origin(hint) is Annotated:
        kind, *extras = get_args(hint)
        return kind, tuple(one for one in extras if isinstance(one, Within))
    return hint, ()
