"""Live: HAProxy records to windows per second and core, decision to weight."""

import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from bench._results import Bar, asked, write
from simcert.control.windowing import Grid, Windower
from simcert.live._frames import Frames
from simcert.live.haproxy_records import HaproxyRecords

LINES = 400_000
EPOCH_S = 1_795_489_000
BATCH_BYTES = 1 << 20
CHANGES = 200
WEEK_S = 7 * 86_400
TESTS = Path(__file__).parent.parent / "tests" / "live"


def line(rng: random.Random, number: int, ms: int) -> bytes:
    """Return one record as HAProxy frames it: 2 % failures, 16 million addresses, 20 hellos."""
    address = f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}"
    failed = rng.random() < 0.02
    kind, errors = ("err", "34|167773208") if failed else ("ok", "0|0")
    text = (
        f"<134>1 2026-11-24T02:58:29.316166+00:00 - haproxy 263 - - v1|263|{number // 2}"
        f"|arm_{('old', 'new')[number % 2]}|{kind}|{EPOCH_S + ms // 1000}.{ms % 1000:03d}|{address}"
        f"|{rng.randrange(1024, 65_535)}|9|{errors}|0|TLSv1.3|TLS_AES_256_GCM_SHA384|h2"
        f'|{3_194_956_610 + rng.randrange(20)}|0000000B000A0010001600170031000D002B002D|""'
    )
    return b"%d %s" % (len(text), text.encode())


def stream(lines: int, per_s: float, seed: int) -> bytes:
    """Return `lines` records at `per_s` of them a second."""
    rng = random.Random(seed)
    return b"".join(line(rng, i, int(i * 1000 / per_s)) for i in range(lines))


def lines_per_s() -> float:
    """Return records to windows per second of one core, deduplication of units included."""
    data = stream(LINES, 5000.0, 1)
    frames, records = Frames(), HaproxyRecords(EPOCH_S)
    windower = Windower(Grid(60.0, 4), duplicates=True, ordered=False)
    began = time.process_time()
    for at in range(0, len(data), BATCH_BYTES):
        windower.add(records.parse(*frames.take(data[at : at + BATCH_BYTES])))
    windows = windower.close(10_000.0)
    took_s = time.process_time() - began
    assert records.lines == LINES
    assert records.unparsed == records.lost() == 0
    assert sum(int(one.attempts.sum()) for one in windows) == LINES
    return LINES / took_s


def change_s() -> list[float]:
    """Return how long file, map and read-back of a real HAProxy take, sorted."""
    sys.path.insert(0, str(TESTS))
    from live_rig import Rig

    folder = Path(tempfile.mkdtemp(prefix="simcert"))
    rig = Rig(folder)
    try:
        actuator, took = rig.start(rig.config()), []
        for i in range(CHANGES):
            began = time.perf_counter()
            actuator.apply(i / CHANGES, 0.0)
            actuator.read_back(0.0)
            took.append(time.perf_counter() - began)
    finally:
        rig.close()
        shutil.rmtree(folder)
    return sorted(took)


def main() -> None:
    """Measure, print, write `results/bench/live.json`."""
    speed = lines_per_s()
    took = np.array(change_s()) * 1000
    bars = [
        Bar("records to windows per second of one core", speed, 2e5, n=LINES, at_least=True),
        Bar("weight set and read back, p50, ms", float(np.quantile(took, 0.5)), 50, n=CHANGES),
        Bar("weight set and read back, p99, ms", float(np.quantile(took, 0.99)), 250, n=CHANGES),
    ]
    write("live", bars, seeds=[1])


if __name__ == "__main__":
    asked(__doc__)
    main()
