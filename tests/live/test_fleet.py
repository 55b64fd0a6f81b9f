"""Two servers, two controllers, one Redis, all real: one leader at a time, and one exposure."""

import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_fleet import FleetRig
from live_rig import controller, ended, finished, until

from simcert.control.orders import ORDER, Order
from simcert.live import _operate

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture
def fleet(rig: object) -> Iterator[FleetRig]:
    """`rig` is asked for because it knows what to do without HAProxy."""
    folder = Path(tempfile.mkdtemp(prefix="simcert"))
    one = FleetRig(folder)
    yield one
    one.close()
    shutil.rmtree(folder)


def decided(fleet: FleetRig) -> float:
    store = fleet.redis.store()
    found = [one["exposure"] for one in store.entries() if one["entry"] == "decision"]
    store.close()
    return float(found[-1]) if found else 0.0


def test_when_the_leader_is_killed_the_next_one_goes_on_and_nobody_is_over_exposed(
    fleet: FleetRig,
) -> None:
    config = fleet.start("fixed_linear:step=0.2,every_s=1.5")
    traffic = [one.rig.traffic(rate=60.0) for one in fleet.edges]
    first = controller(config, "--unvalidated")
    until(lambda: min(fleet.exposures) >= 0.2, 30.0)
    second = controller(fleet.edges[1].config, "--unvalidated")
    before = max(fleet.exposures)

    first.kill()
    first.communicate()
    time.sleep(1.0)
    in_force = fleet.exposures
    assert max(in_force) <= max(decided(fleet), before) + 1e-9
    code, shown, err = finished(second, 60.0)

    counts = [ended(one) for one in traffic]
    assert (code, shown["end"]) == (0, "complete"), err[-2000:]
    assert fleet.exposures == [1.0, 1.0]
    assert [failed for _, failed in counts] == [0, 0]
    store = fleet.redis.store()
    entries = store.entries()
    order = Order.read(store.get(ORDER)[0])
    store.close()
    moves = [one["exposure"] for one in entries if one["entry"] == "decision"]
    assert moves == sorted(moves)
    assert order is not None
    assert (order.token, order.exposure, order.final) == (2, 1.0, True)
    windows = [one["window"] for one in entries if one["entry"] == "window"]
    assert [one["start_s"] for one in windows] == sorted({one["start_s"] for one in windows})
    assert any(one["source"] == "edge1+edge2" and one["completeness"] == 1.0 for one in windows)


def test_while_a_node_is_away_nothing_is_raised_and_an_abort_reaches_the_rest(
    fleet: FleetRig,
) -> None:
    config = fleet.start("fixed_linear:step=0.1,every_s=1.0")
    process = controller(config, "--unvalidated")
    until(lambda: min(fleet.exposures) >= 0.1, 30.0)
    fleet.edges[1].kill_node()
    time.sleep(3.0)
    before = fleet.exposures
    time.sleep(3.0)
    assert fleet.exposures == before
    shown = _operate.status(config)
    assert [one["away"] for one in shown["feed"]["nodes"]] == [False, True]

    _operate.command(config, "abort")
    until(lambda: fleet.edges[0].exposure == 0.0, 5.0)
    assert fleet.edges[1].exposure == before[1]
    fleet.edges[1].start_node()
    code, shown, err = finished(process, 30.0)

    assert (code, shown["end"]) == (1, "rolled_back"), err[-2000:]
    assert fleet.exposures == [0.0, 0.0]


def test_abort_reaches_all_nodes_without_any_controller(fleet: FleetRig) -> None:
    config = fleet.start("fixed_linear:step=0.3,every_s=1.0", soak_s=3600.0)
    process = controller(config, "--unvalidated")
    until(lambda: min(fleet.exposures) >= 0.3, 30.0)
    process.kill()
    process.communicate()

    done = _operate.command(config, "abort")

    assert done["exposure"] == 0.0
    until(lambda: fleet.exposures == [0.0, 0.0], 5.0)
    again = controller(config, "--unvalidated")
    assert finished(again, 30.0)[0] == 1
    assert fleet.exposures == [0.0, 0.0]


def test_without_redis_nodes_hold_and_after_the_leash_they_fall_to_the_safe_exposure(
    fleet: FleetRig,
) -> None:
    config = fleet.start("fixed_canary:share=0.5", "leash_s = 4.0\n", soak_s=3600.0)
    process = controller(config, "--unvalidated")
    until(lambda: min(fleet.exposures) >= 0.5, 30.0)

    fleet.redis.kill()
    time.sleep(1.5)
    assert fleet.exposures == [0.5, 0.5]
    until(lambda: fleet.exposures == [0.05, 0.05], 15.0)
    fleet.redis.start()
    until(lambda: fleet.exposures == [0.5, 0.5], 30.0)

    process.send_signal(signal.SIGTERM)
    assert finished(process, 10.0)[0] == 130


def test_a_redis_that_is_slow_over_exposes_nobody_and_an_abort_arrives(fleet: FleetRig) -> None:
    config = fleet.start("fixed_linear:step=0.1,every_s=1.0", soak_s=3600.0)
    process = controller(config, "--unvalidated")
    until(lambda: min(fleet.exposures) >= 0.1, 30.0)

    fleet.door.delay_s = 0.15  # a tick is some ten requests: the lease of 2 s is hard to keep
    seen = []
    for _ in range(40):
        in_force = max(fleet.exposures)
        seen.append((in_force, decided(fleet)))
        time.sleep(0.1)
    _operate.command(config, "abort")
    until(lambda: fleet.exposures == [0.0, 0.0], 20.0)
    fleet.door.delay_s = 0.0
    code, shown, err = finished(process, 60.0)

    assert all(in_force <= written + 1e-9 for in_force, written in seen), seen
    assert (code, shown["end"]) == (1, "rolled_back"), err[-2000:]
    assert fleet.exposures == [0.0, 0.0]


def test_a_redis_that_hangs_raises_nothing_and_costs_no_client(fleet: FleetRig) -> None:
    config = fleet.start("fixed_linear:step=0.1,every_s=1.0", soak_s=3600.0)
    traffic = [one.rig.traffic(rate=30.0) for one in fleet.edges]
    process = controller(config, "--unvalidated")
    until(lambda: min(fleet.exposures) >= 0.1, 30.0)
    assert fleet.redis.process is not None

    fleet.redis.process.send_signal(signal.SIGSTOP)
    time.sleep(2.5)  # a request that was on its way may still have arrived
    before = fleet.exposures
    time.sleep(3.0)
    during = fleet.exposures
    fleet.redis.process.send_signal(signal.SIGCONT)

    assert during == before
    until(lambda: min(fleet.exposures) > max(before), 30.0)
    assert [ended(one)[1] for one in traffic] == [0, 0]
    process.send_signal(signal.SIGTERM)
    assert finished(process, 20.0)[0] == 130
