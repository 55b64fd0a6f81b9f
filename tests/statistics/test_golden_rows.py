"""Every formula reproduces the numbers that independent prototypes printed."""

import pytest

from bench.evidence.bar_eight import bar_8
from bench.evidence.record import Bar, lower_share, upper_share


@pytest.mark.parametrize("row", list(bar_8()), ids=lambda row: row.bar)
def test_row(row: Bar) -> None:
    assert row.passed, (row.more, row.value)


@pytest.mark.parametrize(("hits", "n", "limit"), [(0, 300, 1.0 - 0.01 ** (1 / 300))])
def test_upper_limit_of_a_share(hits: int, n: int, limit: float) -> None:
    assert upper_share(hits, n, 0.99) == pytest.approx(limit, rel=1e-9)


def test_at_most_167_of_20000_false_rollbacks_keep_the_limit() -> None:
    assert upper_share(167, 20_000, 0.99) <= 0.01 < upper_share(168, 20_000, 0.99)


def test_limits_of_a_share_meet_at_the_ends() -> None:
    assert upper_share(10, 10, 0.99) == 1.0
    assert lower_share(0, 10, 0.99) == 0.0
