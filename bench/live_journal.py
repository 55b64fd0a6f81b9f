"""Records the live journals that `notebooks/simulation_to_live.ipynb` replays: HAProxy, twice.

`python -m bench.live_journal` flies the policy of the notebook on loopback: once with a certificate
that all clients accept, once with one that a third of them cannot verify.
"""

import json
import tempfile
from pathlib import Path

from bench._live_rig import Rig, controller, ended, finished
from bench._results import asked

FOLDER = Path(__file__).parent.parent / "notebooks" / "journals"
POLICY = "adaptive:delta_safe=0.09,budget=0.1,overshoot=0.5,mid=0.5"
QUICK = {"window_s": 0.5, "slices": 2, "tick_s": 0.1, "grace_s": 0.1}


def record(name: str, blind_share: float) -> None:
    """Fly one rollout and keep its journal."""
    with tempfile.TemporaryDirectory() as made:
        rig = Rig(Path(made))
        try:
            config = rig.config(POLICY, **QUICK)
            rig.start(config)
            traffic = rig.traffic(blind_share=blind_share)
            code, shown, err = finished(controller(config, "--unvalidated"), 90.0)
            print(name, code, shown.get("end"), *ended(traffic), err[-200:] if code > 1 else "")
            text = (config.run / "journal.jsonl").read_text()
        finally:
            rig.close()
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.jsonl").write_text(text)
    print(len(text), "bytes", len(text.splitlines()), "entries", json.loads(text.splitlines()[0]))


if __name__ == "__main__":
    asked(__doc__)
    record("live_good", 0.0)
    record("live_break", 1 / 3)
