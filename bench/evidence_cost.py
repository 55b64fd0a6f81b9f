"""What evidence costs: CPU microseconds per window and bytes of state, for many segments.

The best of several repetitions counts, in CPU time, because other work may share the machine.
Writes results/bench/evidence_cost.json.
"""

import json
import time

import numpy as np

from bench._results import Bar, asked, write
from simcert.control.plan import Plan
from simcert.control.rollout import Rollout
from simcert.detect import discover
from simcert.model import SIGNALS, Detector, Window
from simcert.policy.adaptive import Adaptive
from simcert.scenario.build import analyzer_maker

SEED, WINDOWS, REPEATS = 1, 500, 7
OUTCOMES = ("ok", "close", "alert:unknown_ca", "alert:handshake_failure", "ok_then_close", "hang")


def windows(segments: int, units: int, exposure: float = 0.3) -> list[Window]:
    """Return windows of a good certificate: Zipf segments, 2 % failures of all kinds."""
    rng = np.random.default_rng(SEED)
    zipf = 1.0 / np.arange(1, segments + 1)
    names = tuple(f"s{i}" for i in range(segments))
    made = []
    for t in range(WINDOWS):
        counts = np.zeros((segments, 2, len(OUTCOMES)), np.int64)
        n_new = rng.binomial(units, exposure)
        for arm, n in ((0, units - n_new), (1, n_new)):
            total = rng.multinomial(n, zipf / zipf.sum())
            failed = rng.binomial(total, 0.02)
            kinds = [rng.multinomial(f, [0.4, 0.2, 0.2, 0.1, 0.1]) for f in failed]
            counts[:, arm, 1:] = kinds
            counts[:, arm, 0] = total - failed
        made.append(
            Window.empty(60.0 * t, 60.0 * t + 60.0, exposure, names, OUTCOMES, units=counts)
        )
    return made


def detector_us(build: str, given: list[Window], **params: object) -> float:
    """Return CPU microseconds per update of one detector."""
    best = float("inf")
    for _ in range(REPEATS):
        detector: Detector = discover()[build](**params)
        fresh = [Window.from_dict(window.to_dict()) for window in given]  # nothing counted yet
        began = time.process_time()
        for window in fresh:
            detector.update(window)
        best = min(best, time.process_time() - began)
    return best / len(given) * 1e6


def analyzer_us(given: list[Window]) -> float:
    """Return CPU microseconds per update of an analyzer with all channels of `adaptive`."""
    best, make = float("inf"), analyzer_maker(Adaptive())
    for _ in range(REPEATS):
        analyzer = make()
        fresh = [Window.from_dict(window.to_dict()) for window in given]
        began = time.process_time()
        for window in fresh:
            analyzer.update(window)
        best = min(best, time.process_time() - began)
    return best / len(given) * 1e6


def rollout_us(given: list[Window]) -> tuple[float, int]:
    """Return CPU microseconds per window of analyzer, policy and rollout, and bytes of state."""
    best, state = float("inf"), 0
    for _ in range(REPEATS):
        policy = Adaptive()
        rollout = Rollout(policy, analyzer_maker(policy), Plan())
        fresh = [Window.from_dict(window.to_dict()) for window in given]
        rollout.confirm(0.3, 0.0)
        began = time.process_time()
        for window in fresh:
            rollout.receive(window)
            rollout.tick(window.end_s)
        best = min(best, time.process_time() - began)
        state = len(json.dumps(rollout.to_dict()))
    return best / len(given) * 1e6, state


def main() -> None:
    """Measure and write."""
    many, few = windows(50, 2000), windows(8, 150)
    groups = SIGNALS[1:]
    thetas = (10.0, 30.0, 100.0, 1000.0)  # those of `adaptive`
    rows = windows(80, 2000)  # 80 x 5 rows are as many as 50 x 8
    update = detector_us("segment_e", rows, signals=groups, thetas=thetas, segments_max=80)
    loop_many, state = rollout_us(many)
    loop_few, _ = rollout_us(few)
    whole = analyzer_us(many)
    bars = [
        Bar("segment x alert group, 400 rows, us a window", update, 100.0, WINDOWS),
        Bar("analyzer, all 17 channels, 50 segments, us a window", whole, 100.0, WINDOWS),
        Bar("whole rollout on adaptive, 8 segments, us a slice", loop_few, 250.0, WINDOWS),
        Bar("whole rollout on adaptive, 50 segments, us a window", loop_many, 350.0, WINDOWS),
        Bar("state of that rollout as JSON, kB", state / 1024.0, 64.0, WINDOWS),
    ]
    write("evidence_cost", bars, [SEED], policy="adaptive")


if __name__ == "__main__":
    asked(__doc__)
    main()
