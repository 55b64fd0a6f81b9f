"""A whole live rollout: real HAProxy, real clients, the controller as a user starts it."""

import signal
import socket
import ssl
import time

import pytest
from live_rig import HOST, Authority, Rig, controller, curl, ended, finished, until

from simcert.cli.main import code_of
from simcert.control.windowing import Grid, Windower
from simcert.live import _operate
from simcert.live._receiver import Receiver
from simcert.live.haproxy_feed import HaproxyFeed
from simcert.live.haproxy_plan import HaproxyPlan
from simcert.live.haproxy_records import HaproxyRecords

pytestmark = [pytest.mark.server, pytest.mark.slow]
ADAPTIVE = "adaptive:delta_safe=0.09,budget=0.1,overshoot=0.5,mid=0.5"
QUICK = {"window_s": 0.5, "slices": 2, "tick_s": 0.1, "grace_s": 0.1}


def test_a_good_certificate_reaches_everybody_and_nobody_is_harmed(rig: Rig) -> None:
    config = rig.config(ADAPTIVE, **QUICK)
    actuator = rig.start(config)
    traffic = rig.traffic()

    code, shown, err = finished(controller(config, "--unvalidated"), 60.0)

    made, failed = ended(traffic)
    assert (code, shown["end"]) == (0, "complete"), err[-2000:]
    assert failed == 0
    assert made > 200
    assert actuator.read_back(0.0) == 1.0
    assert curl(rig, rig.root_b) == 0
    assert code_of(["replay", str(config.run / "journal.jsonl")]) == 0


def test_one_that_a_third_of_the_clients_cannot_verify_is_withdrawn(rig: Rig) -> None:
    config = rig.config(ADAPTIVE, **QUICK)
    actuator = rig.start(config)
    traffic = rig.traffic(blind_share=1 / 3)

    code, shown, err = finished(controller(config, "--unvalidated"), 60.0)

    made, failed = ended(traffic)
    assert (code, shown["end"]) == (1, "rolled_back"), err[-2000:]
    assert actuator.read_back(0.0) == 0.0
    assert 0 < failed <= 40, (made, failed)
    assert curl(rig, rig.root_a) == 0
    assert code_of(["replay", str(config.run / "journal.jsonl")]) == 0


def test_an_outage_of_both_arms_is_neither_blamed_on_the_new_certificate_nor_promotes_it(
    rig: Rig,
) -> None:
    config = rig.config(ADAPTIVE, **QUICK)
    actuator = rig.start(config)
    stranger = Authority("Authority C").write_root(rig.folder / "c.pem")
    before = rig.traffic(rate=60.0)
    process = controller(config, "--unvalidated")
    until(lambda: actuator.read_back(0.0) > 0.01, 40.0)
    ended(before)
    highest = actuator.read_back(0.0)

    outage = rig.traffic(rate=60.0, blind_share=1.0, blind=stranger)
    end = time.monotonic() + 6.0
    while time.monotonic() < end:
        highest = max(highest, actuator.read_back(0.0))
        time.sleep(0.2)
    made, failed = ended(outage)
    phase = _operate.status(config)["phase"]

    process.send_signal(signal.SIGTERM)
    assert finished(process, 10.0)[0] == 130
    assert made == failed > 100
    assert phase not in ("rolled_back", "complete")
    assert highest < 0.5


def test_resumption_shows_nothing_of_a_certificate_and_is_never_evidence(rig: Rig) -> None:
    config = rig.config(haproxy="tickets = true")
    rig.start(config)
    assert config.haproxy is not None
    receiver = Receiver(HaproxyPlan(config.run, config.haproxy).records)
    records = HaproxyRecords(time.time() - 1.0)
    feed = HaproxyFeed(receiver, records, Windower(Grid(30.0)), slice_s=30.0)
    until(lambda: receiver.connected)
    context = ssl.create_default_context(cafile=str(rig.root_a))

    session = None
    for _ in range(5):
        with (
            socket.create_connection(("127.0.0.1", rig.port)) as raw,
            context.wrap_socket(raw, server_hostname=HOST, session=session) as link,
        ):
            link.sendall(b"GET / HTTP/1.1\r\nHost: demo.test\r\nConnection: close\r\n\r\n")
            while link.recv(1000):
                pass
            session = link.session
            resumed = link.session_reused
    time.sleep(0.5)
    feed.exposed(0.0, 40.0)
    (window,) = feed.poll(40.0)
    feed.close()

    assert resumed
    assert int(window.resumed.sum()) == 4
    assert window.n == 1
    assert int(window.attempts.sum()) == 5
