"""A policy built in Python is held to the bounds of its numbers, as one from a file is."""

import math
from dataclasses import fields
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest

from simcert import policy
from simcert.errors import InputError
from simcert.model.bounds import Within

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
        assert str(limit) in said or not right(value, number)


@pytest.mark.parametrize("stem", policy.discover())
def test_every_number_of_a_policy_has_bounds(stem: str) -> None:
    cls = policy.discover()[stem]
    bare = {f.name for f in fields(cls) if f.type in (int, float)} - numbers(cls).keys()

    assert not bare
