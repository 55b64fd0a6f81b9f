"""The worked example of a foreign terminator: nginx, driven by a script, told by Prometheus."""

import importlib.machinery
import importlib.util
import os
import time
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest
from live_nginx import EXAMPLE, Nginx, Site, served_new
from live_rig import Rig, controller, curl, ended, finished, until

from simcert.cli.main import code_of
from simcert.errors import MachineError
from simcert.live import _config
from simcert.live.exec_actuator import ExecActuator

pytestmark = pytest.mark.server


@pytest.fixture
def nginx(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, needed: Callable[..., None]
) -> Iterator[tuple[Rig, ExecActuator]]:
    needed("nginx")
    for name in ("NGINX_HOME", "NGINX_STATUS", "PATH"):  # set by it, restored after the test
        monkeypatch.setenv(name, os.environ.get(name, ""))
    one = Nginx(rig)
    yield rig, one.actuator
    one.close()


def test_nginx_serves_the_asked_share_and_says_so(nginx: tuple[Rig, ExecActuator]) -> None:
    rig, actuator = nginx
    assert served_new(rig, 50) == 0

    actuator.apply(0.5, 0.0)

    assert actuator.read_back(0.0) == 0.5
    assert 50 < served_new(rig, 200) < 150  # seven standard deviations
    actuator.apply(1.0, 0.0)
    assert served_new(rig, 50) == 50
    actuator.apply(0.0, 0.0)
    assert served_new(rig, 50) == 0


def test_a_configuration_that_nginx_refuses_is_not_believed(
    nginx: tuple[Rig, ExecActuator],
) -> None:
    rig, actuator = nginx
    (rig.folder / "nginx.conf").write_text("nonsense;")

    with pytest.raises(MachineError, match="exit code"):
        actuator.apply(0.5, 0.0)
    assert actuator.read_back(0.0) == 0.0


@pytest.mark.parametrize("name", ["haproxy", "nginx"])
def test_the_examples_are_valid_configurations(name: str) -> None:
    assert _config.load(EXAMPLE.parent / name / "live.toml").policy == "adaptive"


def exporter_module() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("exporter", str(EXAMPLE / "exporter"))
    spec = importlib.util.spec_from_loader("exporter", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


QUICK = "adaptive:delta_safe=0.09,budget=0.1,overshoot=0.5,mid=0.5"
STEPS = "fixed_linear:step=0.25,every_s=2,alarm=true"  # raises on whole windows only, too


@pytest.fixture
def site(nginx: tuple[Rig, ExecActuator], needed: Callable[..., None]) -> Iterator[Site]:
    needed("prometheus")
    one = Site(nginx[0])
    one.plan(QUICK)
    yield one
    one.close()


def test_the_arm_of_a_connection_is_that_of_nginx_itself(nginx: tuple[Rig, ExecActuator]) -> None:
    rig, actuator = nginx
    arm_of, drawn = exporter_module().arm_of, 0
    for points in (2500, 7777):
        actuator.apply(points / 10_000, 0.0)
        time.sleep(0.5)  # the workers of the stage before have gone
        log = rig.folder / "access.log"
        seen = len(log.read_text().splitlines())
        served_new(rig, 100)
        until(lambda log=log, seen=seen: len(log.read_text().splitlines()) >= seen + 100)
        for line in log.read_text().splitlines()[seen:]:
            worker, connection, _, arm = line.split()
            assert arm_of(int(worker), int(connection), points) == arm
            drawn += 1
    assert drawn >= 200


def test_the_exporter_counts_every_connection_once_and_knows_the_arm_of_failures(
    site: Site, nginx: tuple[Rig, ExecActuator]
) -> None:
    rig, actuator = nginx
    actuator.apply(1.0, 0.0)
    time.sleep(0.5)
    for _ in range(3):
        assert curl(rig, rig.root_a) == 60  # does not trust the new one: an alert in the handshake
        assert curl(rig, rig.both) == 0
    wanted = {'edge_tls_attempts_total{arm="new"}': 6, 'edge_tls_completed_total{arm="new"}': 3}
    until(lambda: wanted.items() <= site.totals().items())

    assert site.totals()['edge_tls_attempts_total{arm="old"}'] == 0


@pytest.mark.slow
def test_a_good_certificate_reaches_everybody(site: Site) -> None:
    site.plan(STEPS)
    traffic = site.rig.traffic(rate=60.0)

    code, shown, err = finished(controller(site.config, "--unvalidated"), 85.0)

    assert (code, shown["end"]) == (0, "complete"), err[-2000:]
    assert served_new(site.rig, 20) == 20
    assert ended(traffic)[1] == 0


@pytest.mark.slow
def test_adaptive_takes_a_good_certificate_from_its_first_exposure_to_everybody(
    rig: Rig, nginx: tuple[Rig, ExecActuator]
) -> None:
    site = Site(rig, scrape_s=0.3)
    site.plan(QUICK, tick_s=0.2)
    traffic = rig.traffic(rate=60.0)
    try:
        code, shown, err = finished(controller(site.config, "--unvalidated"), 85.0)
    finally:
        site.close()

    assert (code, shown["end"]) == (0, "complete"), err[-2000:]
    assert served_new(rig, 20) == 20
    assert ended(traffic)[1] == 0
    assert code_of(["replay", str(site.config.run / "journal.jsonl")]) == 0


@pytest.mark.slow
def test_one_that_a_third_cannot_verify_is_withdrawn(site: Site) -> None:
    traffic = site.rig.traffic(rate=60.0, blind_share=0.33)

    code, shown, err = finished(controller(site.config, "--unvalidated"), 150.0)
    made, failed = ended(traffic)

    assert (code, shown["end"]) == (1, "rolled_back"), err[-2000:]
    assert served_new(site.rig, 20) == 0
    assert failed <= 0.1 * made
