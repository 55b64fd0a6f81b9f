"""Every bet has mean at most 1 under its null: by enumeration of all outcomes of small batches."""

from itertools import product
from math import comb, exp, log

import numpy as np
import pytest

from simcert.detect import discover
from simcert.model import Window

ROUNDING = 1e-9


def _hypergeometric(n_new: int, n_old: int, f: int) -> dict[int, float]:
    low, high = max(0, f - n_old), min(f, n_new)
    total = comb(n_new + n_old, f)
    return {k: comb(n_new, k) * comb(n_old, f - k) / total for k in range(low, high + 1)}


def _e_value(stem: str, n_new: int, n_old: int, f_new: int, f_old: int, **params: object) -> float:
    detector = discover()[stem](**params)
    detector.update(Window.of(new=(n_new, f_new), old=(n_old, f_old)))
    return exp(detector.log_e)


@pytest.mark.parametrize("theta", [1.05, 1.3, 2.0, 8.0, 150.0, 3000.0])
def test_conditional_bets_are_e_variables_for_all_n_up_to_12(theta: float) -> None:
    for n in range(2, 13):
        for n_new, f in product(range(1, n), range(n + 1)):
            law = _hypergeometric(n_new, n - n_new, f)
            mean = sum(
                p
                * _e_value(
                    "conditional_e", n_new, n - n_new, k, f - k, thetas=(theta,), restart=False
                )
                for k, p in law.items()
            )
            assert mean <= 1.0 + ROUNDING, (n, n_new, f)


@pytest.mark.parametrize("stem", ["conditional_e", "segment_e"])
def test_two_windows_of_a_restart_mixture_are_an_e_variable(stem: str) -> None:
    """The second window's exposure is chosen after the worst kind of peek at the first."""
    n_new, n_old, f = 3, 5, 4
    total = 0.0
    for first, p in _hypergeometric(n_new, n_old, f).items():
        small = first > 1  # lower the exposure, which releases start mass, when it looks bad
        second = (1, 7, 3) if small else (6, 2, 3)
        for k, q in _hypergeometric(*second).items():
            detector = discover()[stem](first=0.5, later=0.2, release=0.3)
            detector.update(Window.of(new=(n_new, first), old=(n_old, f - first)))
            detector.update(Window.of(new=(second[0], k), old=(second[1], second[2] - k)))
            total += p * q * exp(detector.log_e)
    assert total <= 1.0 + ROUNDING


@pytest.mark.parametrize(
    ("stem", "params"),
    [
        ("noninferiority_e", {"delta": 0.3, "a": 0.2}),
        ("noninferiority_e", {"delta": 0.05, "a": 0.4}),
        ("block_e", {"a0": 0.2, "d": 0.3}),
        ("block_e", {"a0": 0.5, "d": (0.1, 0.6)}),
    ],
)
@pytest.mark.parametrize(("n_new", "n_old"), [(4, 6), (6, 4), (1, 11), (3, 3)])
def test_model_based_bets_are_e_variables_over_a_grid_of_nulls(
    stem: str, params: dict[str, float], n_new: int, n_old: int
) -> None:
    values = np.array(
        [
            [_e_value(stem, n_new, n_old, i, j, **params) for j in range(n_old + 1)]
            for i in range(n_new + 1)
        ]
    )
    gap = params.get("delta", 0.0)
    rates = np.linspace(0.0, 1.0, 21)
    pairs = [(q, q + gap + up) for q in rates for up in rates if q + gap + up <= 1.0]
    if stem == "block_e":
        pairs = [(q, q) for q in rates]
    means = [_binomial(n_new, new) @ values @ _binomial(n_old, old) for old, new in pairs]
    assert max(means) <= 1.0 + ROUNDING
    assert max(means) > 0.5  # the check would notice a bet that never pays


def _binomial(n: int, q: float) -> np.ndarray:
    return np.array([comb(n, k) * q**k * (1.0 - q) ** (n - k) for k in range(n + 1)])


def test_a_bet_that_ignores_the_realised_share_would_be_caught() -> None:
    law = _hypergeometric(6, 4, 5)
    r, theta = 0.5, 2.0  # the design share, not the realised one
    mean = sum(p * exp(k * log(theta) - 5 * log(1 - r + r * theta)) for k, p in law.items())
    assert mean > 1.0 + ROUNDING
