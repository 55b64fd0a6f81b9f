"""A seed belongs to (batch seed, scenario, run) and to nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from simcert.lab.seeds import seed_of


def test_seeds_are_frozen() -> None:
    assert seed_of(1, "same_ca", 0) == seed_of(1, "same_ca", 0)
    assert len({seed_of(r, s, i) for r in (0, 1) for s in ("a", "b") for i in range(500)}) == 2000


@given(st.integers(0, 2**63), st.text(), st.integers(0, 10**6))
def test_a_seed_fits_every_table(root: int, scenario: str, run: int) -> None:
    assert 0 <= seed_of(root, scenario, run) < 2**63
