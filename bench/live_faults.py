"""Controller and HAProxy killed with -9 at random moments, with traffic: invariants hold each time.

Never is more in force than was decided in writing, no certificate reaches a client that was not
meant to be exposed, and no client of the old certificate fails while HAProxy runs.
"""

import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from bench._live_rig import Rig, controller, ended, entries, until
from bench._results import Bar, write
from simcert.errors import MachineError
from simcert.live._config import LiveConfig
from simcert.live.haproxy_actuator import HaproxyActuator

KILLS = 200
SEED = 1
ROUND = 8  # kills of one rollout, then a fresh one begins


def authorised(config: LiveConfig) -> float:
    """Return what was decided last in writing."""
    if not (config.run / "journal.jsonl").exists():
        return 0.0
    found = entries(config, "decision")
    return float(found[-1]["exposure"]) if found else 0.0


def flight(rng: random.Random, kills: int) -> tuple[int, int]:
    """Return violations, and clients that failed while HAProxy was not killed."""
    folder = Path(tempfile.mkdtemp(prefix="simcert"))
    rig = Rig(folder)
    violations = failed = 0
    try:
        config = rig.config("fixed_linear:step=0.05,every_s=0.7", soak_s=3600.0)
        actuator = rig.start(config)
        process = controller(config, "--unvalidated")
        for _ in range(kills):
            traffic = rig.traffic(rate=40.0)
            time.sleep(rng.uniform(0.2, 1.5))
            if rng.random() < 0.6:
                process.send_signal(signal.SIGKILL)
                process.communicate()
                violations += actuator.read_back(0.0) > authorised(config) + 1e-9
                process = controller(config, "--unvalidated")
                failed += ended(traffic)[1]
            else:
                failed += ended(traffic)[1]
                rig.kill()
                time.sleep(rng.uniform(0.0, 0.3))
                rig.start(config)
                violations += actuator.read_back(0.0) > authorised(config) + 1e-9
        until(lambda: _moved(actuator, config), 20.0)
        process.kill()
        process.communicate()
    finally:
        rig.close()
        shutil.rmtree(folder)
    return violations, failed


def _moved(actuator: HaproxyActuator, config: LiveConfig) -> bool:
    """Return whether the controller got what it decided into force again."""
    try:
        live = actuator.read_back(0.0)
    except MachineError:
        return False
    return live > 0.0 and abs(live - authorised(config)) < 1e-3


def main() -> None:
    """Kill, check, write `results/bench/live_faults.json`."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else KILLS
    rng, violations, failed = random.Random(SEED), 0, 0
    for _ in range(kills // ROUND):
        v, f = flight(rng, ROUND)
        violations, failed = violations + v, failed + f
    n = kills // ROUND * ROUND
    bars = [
        Bar("more in force than was decided", violations, 0, n=n),
        Bar("clients failed while HAProxy ran", failed, 0, n=n),
    ]
    write("live_faults", bars, seeds=[SEED])


if __name__ == "__main__":
    main()
