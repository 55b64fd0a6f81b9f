"""Every formula reproduces the numbers that independent prototypes printed."""

import pytest

from bench.evidence.bar_eight import exact, simulated
from bench.evidence.record import Bar, lower_share, median_limits, share_limits, upper_share


@pytest.mark.parametrize("row", list(exact()), ids=lambda row: row.bar)
def test_row(row: Bar) -> None:
    assert row.passed, (row.more, row.value)


def test_simulated_rows_are_within_three_errors() -> None:
    """Tests of up to 24 blocks here; those of 96, and Fisher's, in `bench.evidence --bar 8`."""
    rows = list(simulated(longest=24))
    assert len(rows) == 2 * 5 + 6
    assert [(row.bar, row.more) for row in rows if not row.passed] == []


@pytest.mark.parametrize(("hits", "n", "limit"), [(0, 300, 1.0 - 0.01 ** (1 / 300))])
def test_upper_limit_of_a_share(hits: int, n: int, limit: float) -> None:
    assert upper_share(hits, n, 0.99) == pytest.approx(limit, rel=1e-9)


def test_at_most_167_of_20000_false_rollbacks_keep_the_limit() -> None:
    assert upper_share(167, 20_000, 0.99) <= 0.01 < upper_share(168, 20_000, 0.99)


def test_limits_of_a_share_meet_at_the_ends() -> None:
    assert upper_share(10, 10, 0.99) == 1.0
    assert lower_share(0, 10, 0.99) == 0.0


def test_both_limits_of_a_share_leave_out_a_fortieth_each() -> None:
    low, high = share_limits(233, 2000)
    assert (low, high) == (lower_share(233, 2000, 0.975), upper_share(233, 2000, 0.975))
    assert low < 233 / 2000 < high


def test_limits_of_a_median_are_order_statistics() -> None:
    """Of 10 values the 8th bounds the median at .945, the 9th at .989, from below alike."""
    assert median_limits(range(1, 11), 0.945) == (3.0, 8.0)
    assert median_limits(range(1, 11), 0.95) == (2.0, 9.0)
    with pytest.raises(ValueError, match="cannot bound"):
        median_limits([1.0], 0.95)
