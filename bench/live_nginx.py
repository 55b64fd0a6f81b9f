"""nginx flown by `adaptive` as it is: exec actuator, Prometheus feed, real clients on loopback.

A *good* certificate goes from the first exposure to everybody; one that a third of the clients
cannot verify (*bad*) is withdrawn. Harm is what the clients themselves counted. Counted in the
journal: raises without a whole window of evidence since the raise before, and exposures that were
never read back; and in its windows failures that no client had.
"""

import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from bench._live_rig import Nginx, Rig, Site, controller, ended, finished
from bench._results import Bar, asked, write
from simcert.cli.main import code_of

POLICY = "adaptive"
PLAN = {"window_s": 1.5, "soak_s": 4.0, "tick_s": 0.25}
RATE, SCRAPE_S, PATIENCE_S = 100.0, 0.5, 400.0
SHARE = 1 / 3
BUDGET, OVERSHOOT = 0.0045, 0.016  # of `adaptive`: of all connections, and of those of a window


class Journal(NamedTuple):
    """What its entries tell."""

    raises: int
    stale: int  # raises without a whole window, at the exposure in force, since the raise before
    unread: int  # raises that were never read back
    failures: int  # in windows that are evidence


class Flight(NamedTuple):
    """What one rollout came to."""

    code: int
    took_s: float
    made: int
    harmed: int
    replayed: bool
    journal: Journal


def fly(blind_share: float) -> Flight:
    """Fly once, with clients of which `blind_share` distrust the new certificate."""
    folder = Path(tempfile.mkdtemp(prefix="simcert"))
    rig = Rig(folder)
    nginx = Nginx(rig)
    site = Site(rig, scrape_s=SCRAPE_S)
    try:
        site.plan(POLICY, **PLAN)
        traffic, began = rig.traffic(rate=RATE, blind_share=blind_share), time.monotonic()
        code, _, err = finished(controller(site.config, "--unvalidated"), PATIENCE_S)
        took_s = time.monotonic() - began
        made, harmed = ended(traffic)
        path = site.config.run / "journal.jsonl"
        replayed = code_of(["replay", str(path)]) == 0
        journal = told([json.loads(line) for line in path.read_text().splitlines()])
        last = err.strip().rpartition("\n")[2]
        print(f"{blind_share:.2f} blind: {took_s:.0f} s, {made} made, {harmed} harmed: {last}")
        return Flight(code, took_s, made, harmed, replayed, journal)
    finally:
        site.close()
        nginx.close()
        rig.close()
        shutil.rmtree(folder)


def told(entries: list[dict[str, Any]]) -> Journal:
    """Return what the entries tell, in their order."""
    raises = stale = unread = failures = 0
    fresh, wanted, in_force = False, 0.0, 0.0
    for entry in entries:
        if entry["entry"] == "window":
            window = entry["window"]
            whole = window["completeness"] == 1.0
            fresh = fresh or (whole and abs(window["exposure"] - in_force) <= 1e-4)
            cells = dict(zip(*window["units"], strict=True)) if whole else {}
            failures += cells.get(1, 0) + cells.get(3, 0)  # old and new arm
        elif entry["entry"] == "confirm":
            in_force = entry["exposure"]
        elif entry["entry"] == "decision" and entry["kind"] != "hold":
            unread += in_force != wanted
            wanted = entry["exposure"]
            if entry["kind"] in ("raise", "complete"):
                raises, stale, fresh = raises + 1, stale + (not fresh), False
    return Journal(raises, stale, unread + (in_force != wanted), failures)


def main() -> None:
    """Fly both, print, write `results/bench/live_nginx.json`."""
    good, bad = fly(0.0), fly(SHARE)
    bound = BUDGET * bad.made + OVERSHOOT * RATE * PLAN["window_s"]
    both = (good.journal, bad.journal)
    raises = sum(one.raises for one in both)
    bars = [
        Bar("good: completed", float(good.code == 0), 1, at_least=True),
        Bar("good: harmed connections", good.harmed, 0, n=good.made),
        Bar("good: failures in evidence that no client had", good.journal.failures, 0, n=good.made),
        Bar("good: seconds to completion", good.took_s, 240),
        Bar("bad: withdrawn", float(bad.code == 1), 1, at_least=True),
        Bar("bad: harmed connections, budget and overshoot", bad.harmed, bound, n=bad.made),
        Bar("bad: seconds to withdrawal", bad.took_s, 240),
        Bar("raises without fresh evidence", sum(one.stale for one in both), 0, n=raises),
        Bar("raises not read back", sum(one.unread for one in both), 0, n=raises),
        Bar(
            "decisions replayed byte-identical", good.replayed and bad.replayed, 1, 2, at_least=True
        ),
    ]
    write("live_nginx", bars, seeds=[], policy=POLICY)


if __name__ == "__main__":
    asked(__doc__)
    main()
