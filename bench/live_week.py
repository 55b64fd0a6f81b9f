"""A week of one-minute windows through the whole live chain: memory must stay flat.

Records to windows, outbox, joiner, rollout, loop and journal run as in a fleet of two nodes; only
sockets and the clock are left out. Measured is the peak of this process.
"""

import random
import resource

from bench._results import Bar, asked, write
from bench.live import EPOCH_S, WEEK_S, line
from simcert.control.analyzer import Analyzer
from simcert.control.joining import Joiner
from simcert.control.journal import Journal
from simcert.control.loop import Loop
from simcert.control.outbox import Numbered, Outbox
from simcert.control.plan import Plan
from simcert.control.rollout import Rollout
from simcert.control.windowing import Grid, Windower
from simcert.live._frames import Frames
from simcert.live._watch import Watch
from simcert.live.haproxy_records import HaproxyRecords
from simcert.model import Window, discovery

NODES = ("a", "b")
LINES = 60  # records of one node a minute
GRID = Grid(60.0)


class Node:
    """Records of one server, cut into windows."""

    def __init__(self, name: str, seed: int) -> None:
        self.name, self.rng = name, random.Random(seed)
        self.records = HaproxyRecords(EPOCH_S)
        self.windower = Windower(GRID, source=name, duplicates=True, ordered=False)
        self.box = Outbox()

    def minute(self, second: int, exposure: float) -> None:
        """Read what came in a minute, and close its window."""
        self.windower.exposed(exposure, float(second))
        times = (1000 * (second + i) for i in range(LINES))
        text = b"".join(line(self.rng, 2 * second + i, at) for i, at in enumerate(times))
        self.windower.add(self.records.parse(*Frames().take(text)))
        for one in self.windower.close(second + 60.0):
            self.box.put(Numbered(round(one.start_s / 60.0), one))


class Fleet:
    """Feed and actuator of the loop."""

    def __init__(self) -> None:
        self.nodes = [Node(name, seed) for seed, name in enumerate(NODES)]
        self.joiner, self.exposure = Joiner(NODES, GRID), 0.0

    def poll(self, now_s: float) -> list[Window]:
        """Deliver every window twice, and join."""
        for one in self.nodes:
            batch = one.box.batch()
            for number, window in [*batch, *batch]:
                self.joiner.add(number, one.name, 1, window, now_s)
            if batch:
                one.box.delivered(batch)
        return self.joiner.take(now_s)

    def apply(self, exposure: float, now_s: float) -> None:
        """Obey at once."""
        del now_s
        self.exposure = exposure

    def read_back(self, now_s: float) -> float:
        """Tell it."""
        del now_s
        return self.exposure


def peak_mb() -> float:
    """Return the highest memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def week() -> tuple[list[float], int]:
    """Return the peak at the end of each day, and how many windows counted."""
    policy = discovery.build("simcert.policy", "policy", "adaptive")
    channels = policy.channels()
    build = discovery.build

    def analyzer() -> Analyzer:
        named = {
            c.name: build("simcert.detect", "detector", c.detector, **c.params) for c in channels
        }
        return Analyzer(named, channels)

    fleet = Fleet()
    journal = Journal(lambda _: None, keep=1000)
    rollout = Rollout(policy, analyzer, Plan(soak_s=1e9))
    loop = Loop(rollout, Watch(fleet), fleet, journal)
    days: list[float] = []
    for second in range(0, WEEK_S, 60):
        for one in fleet.nodes:
            one.minute(second, fleet.exposure)
        loop.step(second + 60.0)
        if (second + 60) % 86_400 == 0:
            days.append(peak_mb())
    return days, rollout.assessment.windows


def main() -> None:
    """Measure, print, write `results/bench/live_week.json`."""
    days, windows = week()
    print("peak at the end of each day, MB:", *(f"{one:.1f}" for one in days))
    bars = [
        Bar("memory grown from day 1 to day 7, MB", days[-1] - days[0], 5.0, n=windows),
        Bar("peak memory, MB", days[-1], 300.0, n=windows),
    ]
    write("live_week", bars, seeds=[0, 1])


if __name__ == "__main__":
    asked(__doc__)
    main()
