"""The gate on our own policies; `simcert regress --update` records a change that is meant."""

from pathlib import Path

import pytest

from simcert.lab.regress import regress

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_our_policies_do_what_the_baseline_says() -> None:
    found = regress(ROOT / "simcert-baseline", jobs=1, quiet=True)

    assert not found.changed, found.words()


def test_the_baseline_is_small() -> None:
    files = [*(ROOT / "simcert-baseline").iterdir()]

    assert sum(path.stat().st_size for path in files) < 300_000
    assert len(files) == 21
