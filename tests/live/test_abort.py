"""The documented one-line aborts work while the controller is dead: executed as they stand."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from live_rig import Rig, controller, curl, entries, finished, until
from test_quick_start import PAGE, blocks

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.mark.parametrize("number", [0, 1], ids=["simcert", "socat"])
def test_a_documented_line_withdraws_while_the_controller_is_dead(
    rig: Rig, number: int, needed: Callable[..., None]
) -> None:
    (line,) = blocks(PAGE, "Abort with a dead controller")[number].splitlines()
    if "socat" in line:
        needed("socat")
    config = rig.config("fixed_linear:step=1.0,every_s=600", soak_s=3600.0)
    actuator = rig.start(config)
    process = controller(config, "--unvalidated")
    until(lambda: (config.run / "journal.jsonl").exists() and entries(config, "confirm"), 60.0)
    process.kill()
    process.communicate()
    until(lambda: curl(rig, rig.root_b) == 0)  # the new certificate for everybody

    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    told = line.replace("state/", f"{config.state}/")
    done = subprocess.run(
        ["sh", "-c", told], cwd=rig.folder, env={**os.environ, "PATH": path}, timeout=60, check=True
    )

    assert done.returncode == 0
    assert actuator.read_back(0.0) == 0.0
    assert actuator.map_file.read_text() == "exposure 0\n"  # a restart of HAProxy keeps it
    assert curl(rig, rig.root_a) == 0
    if "simcert" in line:  # the next controller finds the word, and does not go on
        code, shown, _ = finished(controller(config, "--unvalidated"), 60.0)
        assert (code, shown["end"]) == (1, "rolled_back")
