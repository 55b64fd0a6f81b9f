"""The worked example of a foreign terminator: nginx, driven by a script of twenty lines."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_rig import HOST, Rig, free_port, until

from simcert.errors import MachineError
from simcert.live import _config
from simcert.live.exec_actuator import ExecActuator

pytestmark = pytest.mark.server
EXAMPLE = Path(__file__).parents[2] / "examples" / "nginx"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


@pytest.fixture
def nginx(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Rig, ExecActuator]]:
    if NGINX is None:
        if "CI" in os.environ:
            pytest.fail("nginx is missing: apt-get install nginx-light")
        pytest.skip("needs nginx: apt-get install nginx-light")
    status = free_port()
    text = (EXAMPLE / "nginx.conf").read_text()
    text = text.replace("8443", str(rig.port)).replace("8099", str(status))
    (rig.folder / "nginx.conf").write_text(f"daemon off;\n{text}")
    (rig.folder / "split.conf").write_text("map $host $arm { default old; }\n")
    with (rig.folder / "split.conf").open("a") as file:
        file.write("map $arm $points { default 0; }\n")
    monkeypatch.setenv("NGINX_HOME", str(rig.folder))
    monkeypatch.setenv("NGINX_STATUS", f"127.0.0.1:{status}")
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:{Path(NGINX).parent}")
    rig.folder.chmod(0o755)
    command = [NGINX, "-p", str(rig.folder), "-c", str(rig.folder / "nginx.conf"), "-e", "stderr"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    script = str(EXAMPLE / "weight")
    actuator = ExecActuator((script, "set", "{points}"), (script, "get"))
    until(lambda: _answers(actuator))
    yield rig, actuator
    process.terminate()
    process.wait()


def _answers(actuator: ExecActuator) -> bool:
    try:
        return actuator.read_back(0.0) == 0.0
    except MachineError:
        return False


def served_new(rig: Rig, n: int) -> int:
    """Return how many of n connections got the new certificate."""
    url = f"https://{HOST}:{rig.port}/"
    where = f"{HOST}:{rig.port}:127.0.0.1"
    plain = ["curl", "-s", "--cacert", str(rig.both), "--resolve", where, "-H", "Connection: close"]
    done = subprocess.run([*plain, *([url] * n)], capture_output=True, text=True, check=True)
    return done.stdout.split().count("new")


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
