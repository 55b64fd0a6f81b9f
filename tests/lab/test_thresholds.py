"""The sliders' arithmetic: exact where it can be counted by hand, monotone where it must be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcert.errors import InputError
from simcert.lab.thresholds import SHARES, WINDOWS, Threshold, outlook, plot_outlook, withdrawn

RULES = st.builds(
    Threshold,
    limit=st.floats(0.9, 1.0),
    exposure=st.floats(0.001, 1.0),
    in_a_row=st.integers(1, 10),
    per_s=st.floats(1.0, 100.0),
    background=st.floats(0.0, 0.05),
)


def test_one_in_a_row_is_one_minus_all_windows_pass() -> None:
    rule = Threshold(limit=1.0, exposure=1.0, in_a_row=1, per_s=1 / 60, background=1e-4, swing=0.0)
    rate = 1e-4 + (1 - 1e-4) * SHARES

    got = withdrawn(rule, np.zeros(WINDOWS))

    assert rule.units == 1  # a window fails if its one unit does
    assert got == pytest.approx(1.0 - (1.0 - rate) ** WINDOWS)


def test_two_in_a_row_agree_with_throwing_dice() -> None:
    rule = Threshold(limit=0.9, exposure=0.05, in_a_row=2, per_s=6.0, background=0.01, swing=0.0)
    rng = np.random.default_rng(1)
    at = int(np.searchsorted(SHARES, 0.006))
    rate = 0.01 + 0.99 * SHARES[at]
    failed = rng.binomial(rule.units, rate, (4000, WINDOWS)) > np.floor(rule.units * 0.1 + 1e-9)

    seen = (failed[:, 1:] & failed[:, :-1]).any(axis=1).mean()

    exact = withdrawn(rule, np.zeros(WINDOWS))[at]
    assert 0.05 < exact < 0.999
    assert abs(seen - exact) < 4.0 * np.sqrt(exact * (1 - exact) / 4000)


@settings(max_examples=15, deadline=None)
@given(RULES)
def test_more_harm_is_withdrawn_more_often_and_patience_withdraws_less(rule: Threshold) -> None:
    table = outlook(rule)

    for column in ("withdrawn_share", "lowest", "highest"):
        assert table[column].between(0.0, 1.0 + 1e-9).all()
        assert (table[column].diff().dropna() >= -1e-9).all()
    assert (table["lowest"] <= table["withdrawn_share"] + 1e-9).all()
    assert (table["withdrawn_share"] <= table["highest"] + 1e-9).all()


def test_figures_take_one_to_four_rules() -> None:
    assert plot_outlook(Threshold(), Threshold(limit=0.9)).axes
    with pytest.raises(InputError, match="1 to 4"):
        plot_outlook()
    with pytest.raises(InputError, match="limit"):
        Threshold(limit=2.0)
