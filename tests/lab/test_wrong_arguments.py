"""A wrong argument in Python is told as on the command line: what it was, and what is wanted."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

import simcert
from simcert.errors import InputError
from simcert.lab import recorded, replay
from simcert.model import Window
from simcert.policy.all_at_once import AllAtOnce
from simcert.tls import CertificateChain, catalogue, predict

CHAIN = CertificateChain.from_pem(
    Path(__file__).parents[2] / "scenarios" / "chains" / "le_january.pem"
)
NOW = {"at": dt.datetime(2026, 3, 1, tzinfo=dt.UTC), "host": "www.example.org"}
BATCH: dict[str, Any] = {"runs": 1, "jobs": 1, "quiet": True}
NONE, NUMBER = cast("Any", None), cast("Any", 3)

MISTAKES: dict[str, Callable[[], object]] = {
    "a scenario is given by its name or path, not by None": lambda: simcert.load_scenario(NONE),
    "a scenario is given by its name or path, not by 3": lambda: simcert.run(NUMBER),
    "a name is empty; give a scenario's name": lambda: simcert.load_scenario(""),
    "a policy is a name, a file or an object that decides, not 3": lambda: simcert.run(
        "same_ca", policy=NUMBER
    ),
    "a policy is a name, a file or an object that decides, not <class": lambda: simcert.run(
        "same_ca", policy=cast("Any", AllAtOnce)
    ),
    "that decides, not None": lambda: simcert.compare("same_ca", NONE, **BATCH),
    "--out is given by its name or path, not by 3": lambda: simcert.run("same_ca", out=NUMBER),
    "runs '2': must be a whole number": lambda: simcert.compare(
        "same_ca", "oracle", runs=cast("Any", "2")
    ),
    "jobs 1.5: must be a whole number": lambda: simcert.compare(
        "same_ca", "oracle", jobs=cast("Any", 1.5)
    ),
    "a journal is given by its name or path, not by None": lambda: replay(NONE),
    "a journal is given by its name or path, not by 3": lambda: recorded(NUMBER),
    "predict takes a client.* not str and CertificateChain": lambda: predict(
        cast("Any", "gnutls"), CHAIN, **NOW
    ),
    "predict takes a client.* not Client and str": lambda: predict(
        catalogue()["gnutls"], cast("Any", "chain.pem"), **NOW
    ),
}


@pytest.mark.parametrize(("said", "call"), MISTAKES.items(), ids=MISTAKES)
def test_a_wrong_argument_is_named(said: str, call: Callable[[], object]) -> None:
    with pytest.raises(InputError, match=said):
        call()


@pytest.mark.parametrize("counts", [(1.5, 0), ("1", 0), (3, 4), (3, -1), 5, (1, 2, 3)])
def test_a_window_counts_whole_units(counts: Any) -> None:
    with pytest.raises(ValueError, match=r"need \(n, failed\)"):
        Window.of(new=counts, old=(1, 0))


def test_one_policy_of_ones_own_needs_no_list() -> None:
    study = simcert.compare("same_ca", AllAtOnce(), **BATCH)

    assert [result["policy"] for result in study.results] == ["all_at_once"]
