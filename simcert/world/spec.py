"""What a world is made of, in seconds since the rollout's epoch; values only, no randomness."""

from dataclasses import dataclass, field

from simcert.model import Prior

FOREVER_S = float("inf")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the server sees of one full handshake with one certificate, background apart.

    `outcomes` is a distribution: one entry, unless a race on the wire decides (a lost alert).
    """

    outcomes: tuple[tuple[str, float], ...] = (("ok", 1.0),)
    flight_bytes: int = 2800  # server's first flight, against the initial congestion window
    server_cpu_us: float = 700.0
    client_cpu_us: float = 900.0
    answers_after_s: float = 0.0  # some clients fail late: s2n waits 10 to 30 s
    connections: float = 1.0  # mean TCP connections that one attempt opens
    ecdsa: bool = False
    reason: str = ""

    @property
    def ok(self) -> bool:
        """Whether the client accepts this certificate."""
        return self.outcomes == (("ok", 1.0),)


@dataclass(frozen=True, slots=True)
class Encounter:
    """What a cohort makes of both certificates from `from_s` on (validity dates may pass)."""

    from_s: float
    old: Seen
    new: Seen


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When the clients of a cohort come: a daily wave, a daily pulse, or reconnects of sessions.

    With `pulse_at_s` all visits fall into a pulse of `pulse_width_s` (standard deviation) each
    `pulse_period_s`; with `session_mean_s` a client comes when its long-lived session ends.
    """

    diurnal: float = 0.0  # relative amplitude in [0, 1)
    peak_s: float = 0.0  # moment of the daily peak, relative to the epoch
    pulse_at_s: float | None = None
    pulse_width_s: float = 600.0
    pulse_period_s: float = 86_400.0
    session_mean_s: float | None = None
    from_s: float = 0.0  # nobody comes before, or after `until_s`
    until_s: float = FOREVER_S


@dataclass(frozen=True, slots=True)
class Background:
    """Failures that have nothing to do with the certificate: the same in both arms."""

    rate: float = 0.0
    outcomes: tuple[tuple[str, float], ...] = (("close", 0.6), ("alert:certificate_unknown", 0.4))


@dataclass(frozen=True, slots=True)
class Resumption:
    """How connections avoid a full handshake.

    `share` is the steady state (both fidelities); with `ticket_life_s` tickets are followed
    client by client (records only).
    """

    share: float = 0.0
    ticket_life_s: float | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """What a client does after a failure; delays are exponential and grow by `growth`."""

    probability: float = 0.0
    delay_s: float = 2.0
    growth: float = 1.0
    attempts_max: int = 3


@dataclass(frozen=True, slots=True)
class Network:
    """Path of a cohort: round trip (log-normal), loss per flight, initial window in bytes."""

    rtt_ms: float = 40.0
    rtt_sigma: float = 0.5
    loss: float = 0.0
    initial_window_bytes: int = 14_600


@dataclass(frozen=True, slots=True)
class Reports:
    """Clients that tell of their failures: a sampled share, late (exponential, mean `delay_s`)."""

    share: float = 0.0
    delay_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Cohort:
    """Clients that behave alike; `segment` is all that a server can observe of that."""

    name: str
    segment: str
    share: float  # of connections
    clients: int  # distinct ones
    encounters: tuple[Encounter, ...]
    arrivals: Arrivals = Arrivals()
    background: Background = Background()
    resumption: Resumption = Resumption()
    retry: Retry = Retry()
    network: Network = Network()
    reports: Reports = Reports()
    activity_sigma: float = 0.0  # log-normal spread of clients' rates; > 0 is NAT-like
    features: tuple[tuple[str, float], ...] = ()  # share of handshakes with a feature
    prefixes: int = 0  # networks that its clients share; 0: each client has its own


@dataclass(frozen=True, slots=True)
class Probes:
    """Own probe clients, asked to connect to the new arm every `every_s` before and in the ramp."""

    cohorts: tuple[str, ...] = ()  # each probe behaves as a client of this cohort
    every_s: float = 300.0


@dataclass(frozen=True, slots=True)
class LifecycleEvent:
    """A dated step of a certificate: issue, stage, activate, expire, withdraw."""

    at_s: float
    arm: int
    event: str


@dataclass(frozen=True, slots=True)
class WorldSpec:
    """Everything outside the controller: who comes, when, what breaks, and how we hear of it.

    `connections_per_s` is the daily mean of first attempts over both arms. Windows of `window_s`
    are cut into `slices`; both are the same for every policy, so that seeds mean the same clients.
    """

    cohorts: tuple[Cohort, ...]
    connections_per_s: float
    horizon_s: float = 86_400.0
    window_s: float = 60.0
    slices: int = 1
    assignment: str = "per_connection"
    feedback_s: float = 0.0  # a window is final this long after its end (late outcomes)
    tickets_shared: bool = True  # both arms accept each other's tickets
    ticket_key_rotation_s: float | None = None
    faults: tuple[object, ...] = ()  # values of classes in world/faults, one file each
    probes: Probes = Probes()
    lifecycle: tuple[LifecycleEvent, ...] = ()
    prior: Prior | None = None
    sources: tuple[str, ...] = field(default=())
