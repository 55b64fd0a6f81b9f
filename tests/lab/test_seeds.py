"""A seed belongs to (batch seed, scenario, run) and to nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import simcert
from simcert.errors import InputError
from simcert.lab.seeds import seed_of


def test_seeds_are_frozen() -> None:
    assert seed_of(1, "same_ca", 0) == seed_of(1, "same_ca", 0)
    assert len({seed_of(r, s, i) for r in (0, 1) for s in ("a", "b") for i in range(500)}) == 2000


@given(st.integers(0, 2**63), st.text(), st.integers(0, 10**6))
def test_a_seed_fits_every_table(root: int, scenario: str, run: int) -> None:
    assert 0 <= seed_of(root, scenario, run) < 2**63


@pytest.mark.parametrize("seed", [-1, 0.5, "7", None])
def test_a_seed_that_is_none_is_refused_by_name(seed: Any) -> None:
    with pytest.raises(InputError, match="must be a whole number, at least 0"):
        simcert.run("same_ca", policy="oracle", seed=seed)
    with pytest.raises(InputError, match="must be a whole number, at least 0"):
        simcert.compare("same_ca", ["oracle"], runs=1, seed=seed)


def test_one_policy_needs_no_list() -> None:
    assert len(simcert.compare("same_ca", "oracle", runs=1, jobs=1).results) == 1
