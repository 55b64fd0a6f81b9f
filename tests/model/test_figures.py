"""Laws of figures in reasons: short, and never so short that the larger one looks no larger."""

from math import isclose

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simcert.model.figures import apart, figure, names

NUMBERS = st.one_of(st.floats(-1e9, 1e9), st.floats(-10.0, 10.0), st.integers(-(10**7), 10**7))


@given(NUMBERS, NUMBERS | st.floats(0.999, 1.001))
def test_what_is_told_has_the_order_of_what_is(value: float, other: float) -> None:
    for limit in (other, other * value):
        assume(not isclose(value, limit, rel_tol=1e-8))
        told, beside = map(float, apart(value, limit))

        assert (told < beside, told > beside) == (value < limit, value > limit)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0"), (5.0, "5"), (0.0225, "0.0225"), (0.000116279, "0.000116"), (99.95, "100"),
        (-2.345, "-2.35"), (657.974, "658"), (1480.44, "1480"), (35054.3, "35054"), (1e6, "1e+06"),
        (999_999.6, "1e+06"), (2e304, "2e+304"), (float("inf"), "inf"),
    ],
)  # fmt: skip
def test_a_figure_is_short(value: float, said: str) -> None:
    assert figure(value) == said


@pytest.mark.parametrize(
    ("value", "limit", "said"),
    [
        (5.0003, 5.0, ("5.0003", "5")),
        (99.99999999999997, 100.0, ("100", "100")),  # a logarithm and back
        (0.98999, 0.99, ("0.98999", "0.99")),
        (14_401.0, 14_400.0, ("14401", "14400")),
        (1_000_001.0, 999_999.7, ("1000001", "999999.7")),
    ],
)
def test_a_value_and_its_limit(value: float, limit: float, said: tuple[str, str]) -> None:
    assert apart(value, limit) == said


def test_many_names_are_counted() -> None:
    assert names(["a", "b"]) == "a, b"
    assert names(list("abcde")) == "a, b, c and 2 more"
