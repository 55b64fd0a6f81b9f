"""A policy built in Python is held to the bounds of its numbers, as one from a file is."""

import json
import math
from dataclasses import fields, replace
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest

from simcert import policy
from simcert.errors import InputError
from simcert.lab.setup import Setup, prepare
from simcert.model.bounds import Within
from simcert.scenario import load_scenario

SENSELESS = (math.nan, math.inf, -math.inf, -1.0, -1, 1e300, "1", True, None)


def numbers(cls: type) -> dict[str, tuple[Any, Any]]:
    """Return {field: (kind of number, bounds)}; optional ones and arrays by their element."""
    found = {}
    for name, hint in get_type_hints(cls, include_extras=True).items():
        plain = next((a for a in get_args(hint) if get_origin(a) is Annotated), hint)
        if get_origin(plain) is Annotated:
            found[name] = get_args(plain)
    return found


FIELDS = [
    pytest.param(cls, name, kind, limit, id=f"{stem}-{name}")
    for stem, cls in policy.discover().items()
    for name, (kind, limit) in numbers(cls).items()
]


def right(value: Any, kind: Any) -> bool:
    """Whether the value is a number of this kind; True is none."""
    return type(value) is int or (type(value) is float and kind is float)


def fits(value: Any, kind: Any, limit: Within) -> bool:
    return right(value, kind) and value in limit


@pytest.mark.parametrize(("cls", "name", "kind", "limit"), FIELDS)
def test_a_number_out_of_bounds_is_refused_by_name_and_value(
    cls: type, name: str, kind: Any, limit: Within
) -> None:
    array = get_origin(kind) is tuple
    number = get_args(kind)[0] if array else kind
    optional = type(None) in get_args(get_type_hints(cls)[name])
    bad = [v for v in SENSELESS if not fits(v, number, limit) and not (optional and v is None)]

    assert math.nan in bad

    for value in bad:
        with pytest.raises(InputError) as refused:
            cls(**{name: (value,) if array else value})
        said = str(refused.value)
        assert said.startswith(f"{cls.__name__}: {name} must be ")
        assert said.endswith(f", got {value!r}")
        if right(value, number):
            finite = math.isfinite(value)  # a bound that is finite on no side tells that instead
            assert str(limit) in said or (not finite and "a finite number" in said)


@pytest.mark.parametrize("stem", policy.discover())
def test_every_number_of_a_policy_has_bounds(stem: str) -> None:
    cls = policy.discover()[stem]
    bare = {f.name for f in fields(cls) if f.type in (int, float)} - numbers(cls).keys()

    assert not bare


ABSURD = (1e300, 1e-300, 1e-9, 10**18, 10**400, 0, 1)


def extremes(kind: Any, limit: Within) -> list[Any]:
    """Return the numbers next to the bounds, and absurd ones, as far as they are allowed."""
    found = [kind(v) for v in (limit.low, limit.high) if math.isfinite(v)]
    found += [v if kind is int else v * 1.0 for v in ABSURD if kind is int or v < 1e301]
    return [v for v in dict.fromkeys(found) if fits(v, kind, limit)]


@cache
def day() -> Setup:
    """Return a few minutes of a good rotation, made ready once."""
    whole = load_scenario("same_ca")
    return prepare(replace(whole, traffic=replace(whole.traffic, horizon_s=300.0)), "all_at_once")


@pytest.mark.parametrize(("cls", "name", "kind", "limit"), FIELDS)
def test_whatever_is_within_bounds_is_flown(cls: type, name: str, kind: Any, limit: Within) -> None:
    """Or refused in words, where it disagrees with another number; never a fault of the policy."""
    array = get_origin(kind) is tuple
    for value in extremes(get_args(kind)[0] if array else kind, limit):
        try:
            policy_ = cls(**{name: (value,) if array else value})
        except InputError:
            continue
        flight = replace(day(), policy=policy_).fly(0, day().journal(0))

        json.dumps(flight.exposure, allow_nan=False)
