"""Probe clients are asked first: what one of them cannot verify is exposed to nobody."""

import signal
from collections.abc import Callable

import pytest
from live_rig import Rig, controller, entries, finished, free_port, until

from simcert.errors import InputError
from simcert.live.probe_fleet import COMMANDS, ProbeFleet

pytestmark = pytest.mark.server


def probing(rig: Rig, trust: str) -> str:
    tables = [f'[[probe]]\nclient = "{one}"\ntrust = "{trust}"' for one in ("openssl", "python")]
    port = free_port()
    return "\n".join([f'[probes]\nlisten = "127.0.0.1:{port}"\nevery_s = 0.5', *tables])


@pytest.mark.parametrize("client", [*COMMANDS, "python"])
def test_every_client_tells_a_root_that_it_trusts_from_one_that_it_does_not(
    rig: Rig, client: str, needed: Callable[..., None]
) -> None:
    if client == "gnutls":
        needed("gnutls-cli")
    rig.start(rig.config())
    where = f"127.0.0.1:{rig.port}"

    trusting = ProbeFleet.of(where, "demo.test", [(client, rig.root_a)], 30.0)
    strange = ProbeFleet.of(where, "demo.test", [(client, rig.root_b)], 30.0)
    misnamed = ProbeFleet.of(where, "other.test", [(client, rig.root_a)], 30.0)

    assert trusting.refusal
    assert (trusting.ask(), trusting.failed) == ("", 0)
    assert client in strange.ask()
    assert misnamed.ask()


def test_no_server_is_a_failure_and_an_absent_store_is_told_at_once(rig: Rig) -> None:
    nobody = ProbeFleet.of(f"127.0.0.1:{free_port()}", "demo.test", [("python", rig.root_a)], 30.0)

    assert nobody.ask()
    with pytest.raises(InputError, match="no such file"):
        ProbeFleet.of("127.0.0.1:1", "demo.test", [("python", rig.folder / "absent.pem")], 30.0)


@pytest.mark.slow
def test_a_probe_that_fails_blocks_the_first_step_and_every_later_one(rig: Rig) -> None:
    config = rig.config("fixed_linear:step=0.1,every_s=0.5", haproxy=probing(rig, "a.pem"))
    actuator = rig.start(config)
    process = controller(config, "--unvalidated")

    until(lambda: (config.run / "journal.jsonl").exists(), 20.0)
    until(
        lambda: any("not raised: openssl" in one["what"] for one in entries(config, "error")), 9.0
    )

    assert actuator.read_back(0.0) == 0.0
    process.send_signal(signal.SIGTERM)
    finished(process, 10.0)


@pytest.mark.slow
def test_probes_that_succeed_are_in_nobodys_way_and_are_no_traffic(rig: Rig) -> None:
    config = rig.config("fixed_linear:step=0.5,every_s=0.5", haproxy=probing(rig, "b.pem"))
    rig.start(config)

    code, shown, err = finished(controller(config, "--unvalidated"), 30.0)

    assert (code, shown["probes"]) == (0, "fine"), err[-1000:]
    assert shown["feed"]["lines"] == 0
