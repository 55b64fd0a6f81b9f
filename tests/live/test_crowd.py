"""A whole rollout under several real clients at once, with different trust stores and pins."""

from collections.abc import Callable

import pytest
from live_crowd import Crowd, curl, gnutls, openssl, pin, python
from live_rig import Rig, controller, entries, finished

from simcert.cli.main import code_of

pytestmark = [pytest.mark.server, pytest.mark.slow]
QUICK = {"window_s": 0.5, "slices": 2, "tick_s": 0.1, "grace_s": 0.2}
FROM_5_PERCENT = "target_success:start=0.05,step_up=0.45,every_s=1.0,n_min=5,span_s=10.0"
ADAPTIVE = "adaptive:delta_safe=0.09,budget=0.1,overshoot=0.5,mid=0.5"


@pytest.fixture(autouse=True)
def programs(needed: Callable[..., None]) -> None:
    needed("openssl", "curl", "gnutls-cli")


def fine(rig: Rig) -> list:
    both = f"{pin(rig.folder / 'old.pem')};{pin(rig.folder / 'new.pem')}"
    pinned = curl(rig, rig.both, "--pinnedpubkey", both)
    first = [openssl(rig, rig.both), curl(rig, rig.both), gnutls(rig, rig.both)]
    return [*first, python(rig, rig.both), pinned, openssl(rig, rig.both)]


def broken(rig: Rig) -> list:
    """Who trusts the old authority only, or knows the old key only."""
    pinned = curl(rig, rig.both, "--pinnedpubkey", pin(rig.folder / "old.pem"))
    return [openssl(rig, rig.root_a), pinned, gnutls(rig, rig.root_a)]


def test_a_good_certificate_goes_from_5_to_100_percent_and_no_client_minds(rig: Rig) -> None:
    config = rig.config(FROM_5_PERCENT, **QUICK)
    actuator = rig.start(config)

    with Crowd(fine(rig), 40.0) as crowd:
        code, shown, err = finished(controller(config, "--unvalidated"), 80.0)

    assert (code, shown["end"]) == (0, "complete"), err[-2000:]
    path = [one["exposure"] for one in entries(config, "confirm")]
    assert (path[0], path[-1]) == (0.05, 1.0)
    assert path == sorted(path)
    assert actuator.read_back(0.0) == 1.0
    assert min(crowd.made) > 5
    assert not any(crowd.failed)
    assert code_of(["replay", str(config.run / "journal.jsonl")]) == 0


def test_what_a_third_of_the_crowd_cannot_take_is_withdrawn(rig: Rig) -> None:
    config = rig.config(ADAPTIVE, **QUICK)
    actuator = rig.start(config)
    clients = [*fine(rig), *broken(rig)]

    with Crowd(clients, 40.0) as crowd:
        code, shown, err = finished(controller(config, "--unvalidated"), 80.0)

    assert (code, shown["end"]) == (1, "rolled_back"), err[-2000:]
    assert actuator.read_back(0.0) == 0.0
    assert not any(crowd.failed[: len(fine(rig))])  # nobody who could take it
    assert 0 < sum(crowd.failed) <= 40, crowd.failed
    outcomes = shown["history"]["outcomes"]["new"]
    assert outcomes["trust_alert"] + outcomes["after_handshake"] > 0
    assert not sum(n for what, n in shown["history"]["outcomes"]["old"].items() if what != "ok")
    assert code_of(["replay", str(config.run / "journal.jsonl")]) == 0
