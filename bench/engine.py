"""How fast the wind tunnel is, as ratios of CPU seconds taken in turn on one core.

The SimPy-per-connection reference of the same world is the yardstick, itself held against a bare
SimPy process with the same four events per connection. Writes results/bench/engine.json.
"""

import resource
import time
from collections.abc import Callable
from statistics import median

from bench._results import Bar, asked, write
from bench.reference_simpy import Reference, bare
from simcert.control.loop import Loop
from simcert.control.plan import Plan
from simcert.control.rollout import Rollout
from simcert.scenario import policies
from simcert.scenario.build import analyzer_maker
from simcert.sim.driver import traffic_of
from simcert.sim.plumbing import SimActuator, SimFeed
from simcert.world.spec import (
    Arrivals,
    Background,
    Cohort,
    Encounter,
    Network,
    Resumption,
    Retry,
    Seen,
    WorldSpec,
)
from simcert.world.streams import Streams

SEED, PAIRS, DAY_S, TICKS = 1, 5, 86_400.0, 8_640
ROWS = 100_000  # connections of the reference per pair
OK = Seen(ecdsa=False)
SLOW = Seen(flight_bytes=17_000, ecdsa=True)
BACKGROUND = (("close", 0.6), ("alert:certificate_unknown", 0.3), ("hang", 0.1))


def world(cohorts: int, per_day: float, **tickets: float) -> WorldSpec:
    """Cohorts in 8 segments, a million clients, a good rotation, every feature of `counts`.

    With `ticket_life_s` tickets are followed client by client (records).
    """
    members = tuple(
        Cohort(
            name=f"cohort {i}",
            segment=f"segment {i % 8}",
            share=1.0 / cohorts,
            clients=1_000_000 // cohorts,
            encounters=(Encounter(0.0, OK, SLOW),),
            arrivals=Arrivals(diurnal=0.0 if tickets else 0.4, peak_s=50_000.0),
            background=Background(0.005, BACKGROUND),
            resumption=Resumption(0.0, tickets["ticket_life_s"]) if tickets else Resumption(0.3),
            retry=Retry(probability=0.3, delay_s=5.0, attempts_max=3),
            network=Network(rtt_ms=70.0, rtt_sigma=0.8, loss=0.005),
        )
        for i in range(cohorts)
    )
    return WorldSpec(members, per_day / DAY_S, DAY_S, window_s=60.0, slices=6)


def spent(work: Callable[[], object]) -> float:
    """Return the CPU seconds of some work."""
    before = time.process_time()
    work()
    return time.process_time() - before


def per_reference_connection() -> tuple[float, float]:
    """CPU seconds per connection of the reference, and of a bare process with as many events."""
    spec = world(50, 1e8)
    reference = spent(lambda: Reference(spec, 0.1, SEED, limit=ROWS).run())
    return reference / ROWS, spent(lambda: bare(ROWS, SEED)) / ROWS


def per_record(slices: int = 40) -> float:
    """Marginal CPU seconds per connection of `records`, windows cut, about 11,600 a slice."""
    spec = world(50, 1e8, ticket_life_s=7_200.0)
    traffic = traffic_of(spec, Streams(SEED), "records")
    for _ in range(6):
        traffic.advance(0.1)
    before = traffic.connections
    cpu = spent(lambda: [traffic.advance(0.1) for _ in range(slices)])
    return cpu / (traffic.connections - before)


def day(cohorts: int, per_day: float, *, times: bool = False) -> float:
    """CPU seconds of `counts` for a day of TICKS slices, in which exposure is raised 12 times.

    Handshake times and features are drawn when they are read: `times` reads those of every slice.
    """
    traffic = traffic_of(world(cohorts, per_day), Streams(SEED), "counts")

    def fly() -> None:
        for tick in range(TICKS):
            for window in traffic.advance(0.01 * (1 + tick // 720)):
                _ = window.time_hist if times else None

    return spent(fly)


def shares(ticks: int = 2_000) -> float:
    """Share of analyzer and controller in the CPU of a tick of `counts`, 8 segments."""
    spec = world(50, 1e8)
    policy = policies.parse("adaptive")
    rollout = Rollout(policy, analyzer_maker(policy), Plan(60.0, 6, soak_s=10 * DAY_S))
    streams = Streams(SEED)
    feed, actuator = SimFeed((), streams), SimActuator(())
    traffic, loop = traffic_of(spec, streams, "counts"), Loop(rollout, feed, actuator)
    engine = control = 0.0
    for tick in range(ticks):
        start = time.process_time()
        for window in traffic.advance(rollout.exposure):
            _ = window.time_hist  # drawn when it is read: the engine's cost, not the detector's
            feed.push(window)
        middle = time.process_time()
        loop.step((tick + 1) * 10.0)
        engine, control = engine + middle - start, control + time.process_time() - middle
    return control / (engine + control)


def turns(a: Callable[[], float], b: Callable[[], float], n: int = PAIRS) -> float:
    """Return the median of a / b over n pairs, in turn."""
    return median(a() / b() for _ in range(n))


def main() -> None:
    """Measure, print and write."""
    day(10, 1e6)  # imports and tables
    speed = [per_reference_connection() for _ in range(PAIRS)]
    reference = median(one for one, _ in speed)
    records = turns(lambda: per_reference_connection()[0], per_record)
    counts = turns(lambda: per_reference_connection()[0] * 1e8, lambda: day(50, 1e8))
    timed = turns(lambda: per_reference_connection()[0] * 1e8, lambda: day(50, 1e8, times=True))
    bars = [
        Bar(
            "bare SimPy process over the reference, CPU per connection",
            median(plain / full for full, plain in speed),
            0.5,
            n=PAIRS,
            at_least=True,
        ),
        Bar("records over the reference, marginal", records, 50.0, n=PAIRS, at_least=True),
        Bar("counts over the reference, 1e8 a day", counts, 2000.0, n=PAIRS, at_least=True),
        Bar(
            "counts over the reference, every slice's times read",
            timed,
            2000.0,
            n=PAIRS,
            at_least=True,
        ),
        Bar(
            "counts: 1e10 connections a day over 1e6",
            turns(lambda: day(50, 1e10), lambda: day(50, 1e6), 3),
            1.3,
            n=3,
        ),
        Bar(
            "counts: 200 cohorts over 10",
            turns(lambda: day(200, 1e8), lambda: day(10, 1e8), 3),
            1.5,
            n=3,
        ),
        Bar(
            "analyzer and controller in a counts tick", median(shares() for _ in range(3)), 0.3, n=3
        ),
        Bar(
            "peak resident memory, MB",
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
            400.0,
        ),
    ]
    print(f"reference {reference * 1e6:.2f} us a connection, {TICKS} ticks a day")
    write("engine", bars, seeds=[SEED], policy="adaptive")


if __name__ == "__main__":
    asked(__doc__)
    main()
