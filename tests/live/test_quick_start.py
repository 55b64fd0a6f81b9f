"""The quick start of docs/live.md, executed as it stands: from an empty folder to the first ramp.

Only what takes time is changed: short windows, fewer clients, another port, and a project without
the recorded baseline of `simcert init`, which tests/lab/test_init.py runs.
"""

import datetime as dt
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from live_rig import free_port, until

from simcert.errors import MachineError
from simcert.lab import init as lab
from simcert.lab import regress
from simcert.live import _config, _operate

pytestmark = [pytest.mark.server, pytest.mark.slow]
PAGE = Path(__file__).parents[2] / "docs" / "live.md"


def blocks(page: Path, heading: str) -> list[str]:
    """Return the shell blocks of one section."""
    text = page.read_text(encoding="utf-8")
    section = re.split(r"\n##+ ", text.split(f"# {heading}\n", 1)[1], maxsplit=1)[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


@pytest.fixture
def folder() -> Iterator[Path]:
    one = Path(tempfile.mkdtemp(prefix="simcert"))
    yield one
    shutil.rmtree(one)


def hurried(text: str, port: int) -> str:
    """Return the commands with what takes time made short."""
    text = (
        re.sub(r"simcert init shop.*", "", text)
        .replace("8443", str(port))
        .replace("seq 200", "seq 40")
    )
    quick = "-e s/60.0/2.0/ -e 's/slices  *= 4/slices = 1/' -e s/7200.0/3600.0/"
    return text.replace("cd shop\n", f"cd shop\nsed -i -e s/8443/{port}/ {quick} live.toml\n")


def exposure(config: _config.LiveConfig) -> float:
    try:
        return float(_operate.status(config)["exposure"])
    except MachineError:
        return 0.0


def test_the_quick_start_leads_to_the_first_ramp(
    folder: Path, monkeypatch: pytest.MonkeyPatch, needed: Callable[..., None]
) -> None:
    needed("haproxy", "curl")
    monkeypatch.setattr(regress, "update", lambda *_, **__: SimpleNamespace(updated=()))
    lab.init(folder / "shop", dt.datetime.now(dt.UTC), quiet=True)
    start, traffic, watch, end = blocks(PAGE, "Ten minutes with HAProxy")
    port, path = free_port(), f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin"
    shell = subprocess.Popen(
        ["sh", "-e"],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert shell.stdin is not None
    monkeypatch.chdir(folder)
    shop = folder / "shop"

    def typed(text: str, mark: str) -> None:
        assert shell.stdin is not None
        shell.stdin.write(f"{hurried(text, port)}\ntouch {folder}/{mark}\n")
        shell.stdin.flush()
        until(lambda: (folder / mark).exists() or shell.poll() is not None, 60.0)
        assert shell.poll() is None, shell.communicate()[0][-3000:]

    try:
        typed(start, "started")
        config = _config.load(shop / "live.toml")
        ends_s = time.monotonic() + 60.0  # turns are short on a quick machine, the start is not
        while exposure(config) == 0.0 and time.monotonic() < ends_s:
            (folder / "traffic").unlink(missing_ok=True)
            typed(traffic, "traffic")
        assert exposure(config) > 0.0
        typed(watch, "watched")
        shell.stdin.write(hurried(end, port).replace("wait ", "wait || true ") + "exit 0\n")
        out, _ = shell.communicate(timeout=30.0)
    finally:
        pid = shop / "state" / "haproxy.pid"
        if shell.poll() is None:
            os.killpg(shell.pid, signal.SIGKILL)
            shell.communicate()
        if pid.exists() and Path(f"/proc/{pid.read_text().strip()}").exists():
            os.kill(int(pid.read_text()), signal.SIGTERM)

    assert shell.returncode == 0, out[-3000:]
    assert "would change it: " in out
    assert "byte for byte" in out
    assert (shop / "state" / "exposure.map").read_text() == "exposure 0\n"
    assert '"phase": "rolled_back"' in (shop / "flight.log").read_text()
    assert set(lab.FILES) <= {str(one.relative_to(shop)) for one in shop.rglob("*")}
