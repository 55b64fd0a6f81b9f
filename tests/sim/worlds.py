"""Small worlds in which every feature of traffic shows within a few windows."""

from dataclasses import replace

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

OK = Seen(server_cpu_us=700.0)
BIG = Seen(flight_bytes=20_000)
BROKEN = Seen(outcomes=(("alert:unknown_ca", 1.0),), connections=1.5)
TORN = Seen(outcomes=(("alert:unknown_ca", 0.3), ("close", 0.3), ("ok", 0.4)))


def cohort(name: str, share: float, clients: int, new: Seen = OK, old: Seen = OK) -> Cohort:
    return Cohort(
        name=name,
        segment=name[0],
        share=share,
        clients=clients,
        encounters=(Encounter(0.0, old, new),),
        background=Background(0.03, (("close", 0.6), ("hang", 0.4))),
        resumption=Resumption(0.2),
        retry=Retry(probability=0.7, delay_s=8.0, growth=1.5, attempts_max=4),
        network=Network(loss=0.02),
    )


def world(**changes: object) -> WorldSpec:
    """Few clients, so that most of them come several times a window and the units differ."""
    spec = WorldSpec(
        cohorts=(
            cohort("a fine", 0.5, 60, new=BIG),
            cohort("a broken", 0.1, 9, new=BROKEN),
            cohort("b fine", 0.3, 50),
            cohort("b torn", 0.05, 10, new=TORN),
            cohort("c dead", 0.05, 5, old=BROKEN, new=BROKEN),
        ),
        connections_per_s=4.0,
        horizon_s=600.0,
        window_s=60.0,
        slices=4,
    )
    return replace(spec, **changes)


def waved(spec: WorldSpec, arrivals: Arrivals) -> WorldSpec:
    return replace(spec, cohorts=tuple(replace(c, arrivals=arrivals) for c in spec.cohorts))
