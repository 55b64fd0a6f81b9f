"""A confidence sequence misses the running mean at any time with probability at most alpha."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simcert.lab.figures.confidence import confidence_sequence


def test_it_never_misses_a_drifting_rate_more_often_than_it_says() -> None:
    paths, steps, alpha = 800, 30, 0.05
    rng = np.random.Generator(np.random.Philox(11))
    rate = 0.01 + 0.05 * (np.arange(steps) > 12) + 0.02 * np.sin(np.arange(steps) / 5) ** 2
    n = np.full(steps, 100)
    running = (rate * n).cumsum() / n.cumsum()

    failed = rng.binomial(n, rate, (paths, steps)).cumsum(axis=1)

    limits = confidence_sequence(failed.ravel(), np.tile(n.cumsum(), paths), alpha)
    low, high = (x.reshape(paths, steps) for x in limits)

    missed = int(((running < low) | (running > high)).any(axis=1).sum())
    assert missed <= alpha * paths + 3 * (alpha * (1 - alpha) * paths) ** 0.5  # 3 standard errors


def test_it_learns() -> None:
    n = 10 ** np.arange(2, 8)
    low, high = confidence_sequence(n // 100, n)

    assert ((high - low)[1:] < (high - low)[:-1]).all()
    assert 0.009 < low[-1] < 0.01 < high[-1] < 0.011


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_limits_are_probabilities_around_the_share(failed: int, passed: int) -> None:
    n = failed + passed
    low, high = (float(x[0]) for x in confidence_sequence(np.array([failed]), np.array([n])))

    assert 0.0 <= low <= high <= 1.0
    if n:
        assert low <= failed / n <= high
    else:
        assert (low, high) == (0.0, 1.0)
