"""The systemd units are valid, hardened, and leave to the services what these need."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "haproxy"
UNITS = ("simcert@.service", "simcert-node@.service")
EXPOSURE_MAX = 2.0  # of 10, as systemd-analyze counts it


@pytest.fixture(params=UNITS)
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return the unit as an instance whose program exists."""
    text = (FOLDER / request.param).read_text().replace("/usr/local/bin/simcert", "/bin/true")
    path = tmp_path / request.param.replace("@", "@shop")
    path.write_text(text)
    return path


@pytest.fixture(autouse=True)
def program(needed: Callable[..., None]) -> None:
    needed("systemd-analyze")


def analyzed(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)


@pytest.mark.server
def test_systemd_finds_nothing_wrong(unit: Path) -> None:
    done = analyzed("verify", str(unit))

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.server
def test_a_broken_in_service_gains_little(unit: Path) -> None:
    done = analyzed("security", "--offline=true", str(unit))
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)

    assert found is not None, done.stderr
    assert float(found[1]) <= EXPOSURE_MAX


@pytest.mark.parametrize("name", UNITS)
def test_what_the_services_need_is_allowed(name: str) -> None:
    text = (FOLDER / name).read_text()

    assert "Type=notify" in text  # both tell READY and feed the watchdog
    assert re.search(r"RestrictAddressFamilies=.*AF_UNIX.*AF_INET", text)
    assert "StateDirectory=simcert" in text  # journal, map and sockets; all else is read-only
    ended = {"simcert@.service": "SuccessExitStatus=0 1 130"}  # a rollback is an answer
    assert ended.get(name, "Restart=always") in text
