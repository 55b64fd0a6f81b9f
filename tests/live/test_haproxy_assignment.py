"""Which arm a client gets from a real HAProxy: by a coin each time, or by a hash with a salt."""

import socket
import ssl
import time

import pytest
from live_authority import HOST
from live_rig import Rig

from simcert.errors import InputError
from simcert.live._flight import Flight
from simcert.live.haproxy_actuator import SALT

pytestmark = pytest.mark.server
CLIENTS = 120


def arm_of(rig: Rig, client: int) -> str:
    """Return who signed the certificate that a client of its own network is shown."""
    context = ssl.create_default_context(cafile=rig.both)
    source = (f"127.{10 + client // 250}.{1 + client % 250}.1", 0)
    with (
        socket.create_connection(("127.0.0.1", rig.port), 5.0, source) as raw,
        context.wrap_socket(raw, server_hostname=HOST) as link,
    ):
        link.sendall(b"GET / HTTP/1.1\r\nHost: demo.test\r\nConnection: close\r\n\r\n")
        link.recv(64)
        issuer = dict(pair[0] for pair in link.getpeercert()["issuer"])
        return "new" if issuer["commonName"] == "Authority B" else "old"


def arms(rig: Rig) -> list[str]:
    return [arm_of(rig, client) for client in range(CLIENTS)]


def differing(a: list[str], b: list[str]) -> int:
    return sum(x != y for x, y in zip(a, b, strict=True))


def test_a_client_keeps_its_arm_for_a_stage_and_no_longer(rig: Rig) -> None:
    config = rig.config(haproxy='assignment = "salted_per_stage"')
    actuator = rig.start(config)
    actuator.apply(0.5, 0.0)
    first = arms(rig)
    assert abs(first.count("new") - CLIENTS / 2) < 33  # 6 sigma of 120 coins
    assert arms(rig) == first

    rig.kill()
    rig.start(config)
    assert actuator.read_back(0.0) == 0.5
    assert arms(rig) == first  # a restart is no new stage

    actuator.apply(0.0, 0.0)
    assert set(arms(rig)) == {"old"}
    actuator.apply(0.5, 0.0)
    assert actuator.read_back(0.0) == 0.5
    assert abs(differing(arms(rig), first) - CLIENTS / 2) < 33  # a fresh coin for everybody


def test_a_controller_that_comes_back_throws_the_coins_of_a_stage_anew(rig: Rig) -> None:
    # it does not know any more who was a unit in this stage
    steps = "fixed_linear:step=0.3,every_s=0.0001"
    config = rig.config(steps, haproxy='assignment = "salted_per_stage"')
    actuator = rig.start(config)
    first = Flight(config, unvalidated=True)
    for _ in range(2):
        first._tick()
    first.close()
    before, exposure = actuator._live() // SALT, actuator.read_back(0.0)
    assert exposure > 0.0

    again = Flight(config, unvalidated=True)
    again.close()
    assert (actuator._live() // SALT, actuator.read_back(0.0)) == (before + 1, exposure)


def test_a_renewed_stage_never_has_more_than_was_decided_last(rig: Rig) -> None:
    config = rig.config(haproxy='assignment = "salted_per_stage"')
    actuator = rig.start(config)
    actuator.apply(0.2, 0.0)
    actuator.socket.ask(f"set map {actuator.map_file} {actuator.key} {SALT + 9000}")
    assert actuator.read_back(0.0) == 0.9  # a hand
    actuator.renew()
    assert actuator.read_back(0.0) == 0.2


def test_a_client_keeps_its_arm_for_a_window_and_no_longer(rig: Rig) -> None:
    actuator = rig.start(rig.config(haproxy='assignment = "salted_per_window"', window_s=2.0))
    actuator.apply(0.5, 0.0)
    seen: dict[tuple[int, int], set[str]] = {}
    end = time.time() + 8.0
    while time.time() < end:
        for client in range(20):
            before, at = divmod(time.time(), 2.0)
            arm = arm_of(rig, client)
            # HAProxy reads its clock once a round, so it may turn the window a little later than we
            if at > 0.2 and time.time() // 2.0 == before:
                seen.setdefault((client, int(before)), set()).add(arm)

    assert all(len(arms) == 1 for arms in seen.values())
    by_client = [{next(iter(a)) for (c, _), a in seen.items() if c == k} for k in range(20)]
    assert sum(len(both) == 2 for both in by_client) >= 5  # of 20, each with three coins or more


def test_a_salt_by_the_clock_needs_windows_of_whole_seconds(rig: Rig) -> None:
    with pytest.raises(InputError, match="whole seconds"):
        rig.config(haproxy='assignment = "salted_per_window"', window_s=1.5)
