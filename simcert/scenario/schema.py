"""What a scenario file may say: one frozen dataclass per table, fields named like the keys.

No field holds a failure probability of the new certificate: who fails follows from chains, clients
and trust stores (`simcert.tls.predict`). Times are seconds since the epoch of the run, which is
`certificates.at`. docs/scenario-format.md explains every key.
"""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from simcert.model import Assignment
from simcert.model.bounds import (
    Bytes,
    Checked,
    Clients,
    Delay,
    Life,
    Moment,
    Period,
    Prefixes,
    Rate,
    Share,
    Span,
    Tally,
    Wait,
    Within,
)
from simcert.scenario.strict import Distribution

SCHEMA = 1
EPOCH = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)

Arm = Literal["old", "new"]
Event = Literal["issue", "stage", "activate", "expire", "withdraw"]
End = Literal["complete", "rolled_back", "deadline"]


@dataclass(frozen=True, slots=True)
class Certificates:
    """Both chains, PEM, exactly what the server sends; paths relative to the scenario file."""

    old: str
    new: str
    host: str | None = None  # name that clients ask for; first SAN of the new leaf
    at: dt.datetime = EPOCH  # moment of the epoch
    trust: tuple[str, ...] = ()  # roots for all cohorts; each profile's own store if empty
    fallback: str | None = None  # served beside `new` to clients that cannot use its key


@dataclass(frozen=True, slots=True)
class Server:
    """What the terminator offers; everything else as in `simcert.tls.ServerSettings`."""

    versions: tuple[Literal["1.0", "1.1", "1.2", "1.3"], ...] = ("1.2", "1.3")


@dataclass(frozen=True, slots=True)
class ArrivalsTable(Checked):
    """When clients come: a daily wave, a daily pulse, or reconnects of long-lived sessions."""

    diurnal: Annotated[float, Within(0.0, 1.0, open_high=True)] = 0.0
    peak_h: Annotated[float, Within(0.0, 24.0)] = 14.0  # hours after the epoch
    pulse_at_h: Annotated[float, Within(0.0, 24.0)] | None = None
    pulse_width_s: Span = 600.0  # standard deviation of the pulse
    pulse_period_s: Period = 86_400.0
    session_mean_s: Span | None = None


@dataclass(frozen=True, slots=True)
class BackgroundTable(Checked):
    """Failures that both certificates see: scanners, aborted visits, broken clients."""

    rate: Annotated[float, Within(0.0, 0.9)] = 0.0
    outcomes: Distribution = (("close", 0.6), ("alert:certificate_unknown", 0.4))


@dataclass(frozen=True, slots=True)
class RetryTable(Checked):
    """What a client does after a failure."""

    probability: Share = 0.0
    delay_s: Wait = 2.0
    growth: Annotated[float, Within(1.0, 10.0)] = 1.0
    attempts_max: Annotated[int, Within(1, 20)] = 3


@dataclass(frozen=True, slots=True)
class NetworkTable(Checked):
    """Network path: round trip (log-normal), loss per flight, initial window."""

    rtt_ms: Annotated[float, Within(0.001, 1_000_000.0)] = 40.0
    rtt_sigma: Annotated[float, Within(0.0, 3.0)] = 0.5
    loss: Annotated[float, Within(0.0, 0.5)] = 0.0
    initial_window_bytes: Bytes = 14_600


@dataclass(frozen=True, slots=True)
class ReportsTable(Checked):
    """Clients that report their failures: which share, and how late (mean, seconds)."""

    share: Share = 0.0
    delay_s: Wait = 60.0


@dataclass(frozen=True, slots=True)
class Traffic(Checked):
    """How many come, when, and how arms are given out."""

    connections_per_s: Rate = 5.0  # first attempts of both arms, daily mean
    diurnal: Annotated[float, Within(0.0, 1.0, open_high=True)] = 0.0
    peak_h: Annotated[float, Within(0.0, 24.0)] = 14.0
    horizon_s: Span = 86_400.0
    assignment: Assignment = "per_connection"
    resumption: Annotated[float, Within(0.0, 1.0, open_high=True)] | None = None
    ticket_life_s: Span | None = None
    tickets_shared: bool = True
    ticket_key_rotation_s: Period | None = None
    feedback_s: Delay = 0.0
    clients: Clients = 100_000  # distinct ones, divided by share


@dataclass(frozen=True, slots=True)
class Analysis(Checked):
    """How the controller looks at it, and what the rollout must achieve."""

    window_s: Span = 60.0
    slices: Annotated[int, Within(1, 60)] | None = None
    target_success: Annotated[float, Within(0.0, 1.0, open_low=True)] = 0.99
    soak_s: Delay | None = None
    deadline_s: Span | None = None
    old_until_s: Life | None = None  # known end of the old certificate
    prior: bool = False  # tell the policy what `predict` says of the population
    configured: str | None = None  # of this mix instead of the true clients


@dataclass(frozen=True, slots=True)
class Population:
    """A published mix of clients, and what all its members and cohorts have in common."""

    mix: str | None = None
    scale: Share | None = None  # share of the mix; what the cohorts leave if absent
    trust: tuple[str, ...] | None = None
    background: BackgroundTable = BackgroundTable()
    retry: RetryTable = RetryTable()
    network: NetworkTable = NetworkTable()
    reports: ReportsTable = ReportsTable()


@dataclass(frozen=True, slots=True)
class CohortTable(Checked):
    """Clients that behave alike; absent keys come from `[population]` and `[traffic]`."""

    client: str  # a name of `tls.catalogue()`
    share: Share  # of connections, not of users
    name: str | None = None  # the client's name
    segment: str | None = None  # what a server can observe; the client's own if absent
    clients: Clients | None = None
    trust: tuple[str, ...] | None = None
    pins: tuple[str, ...] = ()
    clock_offset_s: Moment = 0.0
    background: BackgroundTable | None = None
    retry: RetryTable | None = None
    network: NetworkTable | None = None
    arrivals: ArrivalsTable | None = None
    resumption: Annotated[float, Within(0.0, 1.0, open_high=True)] | None = None
    reports: ReportsTable | None = None
    activity_sigma: Annotated[float, Within(0.0, 3.0)] = 0.0
    prefixes: Prefixes = 0  # networks that its clients share


@dataclass(frozen=True, slots=True)
class ProbesTable(Checked):
    """Own probe clients, each behaving like a client of one cohort."""

    cohorts: tuple[str, ...]
    every_s: Span = 300.0


@dataclass(frozen=True, slots=True)
class LifecycleTable(Checked):
    """A dated step in a certificate's life."""

    event: Event
    arm: Arm = "new"
    at_s: Moment = 0.0


@dataclass(frozen=True, slots=True)
class Expect(Checked):
    """A test: what every policy that claims to be safe achieves here."""

    end: End | None = None
    complete: bool | None = None
    rolled_back: bool | None = None  # ever, whatever the end
    false_rollback: bool | None = None
    missed: bool | None = None
    harmed_connections_max: Tally | None = None
    harmed_clients_max: Tally | None = None
    within_s: Span | None = None  # to full exposure, or to the rollback
    success_rate_min: Share | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One file of `scenarios/`, read and checked."""

    summary: str
    certificates: Certificates
    schema: int = SCHEMA
    sources: tuple[str, ...] = ()
    server: Server = Server()
    traffic: Traffic = Traffic()
    analysis: Analysis = Analysis()
    population: Population = Population()
    cohort: tuple[CohortTable, ...] = ()
    probes: ProbesTable | None = None
    lifecycle: tuple[LifecycleTable, ...] = ()
    expect: Expect = Expect()
    faults: tuple[object, ...] = field(default=())  # `[[fault]]`: classes of world/faults
    stem: str = ""
    folder: Path = Path()
