"""The configuration of one live rollout: strict TOML in, frozen tables out.

Relative paths are relative to the file. Everything that changes at run time (journal, map, sockets,
installed certificates) lies in the folder `state`, which nobody else may read.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

from simcert.control.influence import Limits
from simcert.errors import InputError, MachineError
from simcert.live._access import Access, is_loopback, read_token
from simcert.live._addresses import address, is_url
from simcert.live._prefixes import LOOPBACK, no_beginning
from simcert.live._queries import Queries
from simcert.model import Assignment, given
from simcert.model.bounds import NotNegative, Positive, Share, Within
from simcert.scenario.files import parsed
from simcert.scenario.strict import Problems, build

SCHEMA = 1
NODE_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
SOCKET_PATH_MAX = 90  # a unix socket's path has 107 bytes; HAProxy binds to a longer name first


@dataclass(frozen=True, slots=True)
class PlanTable:
    """`[plan]`: clocks, objective and safety limits; see `simcert.control.plan.Plan`."""

    window_s: Positive = 60.0
    slices: Annotated[int, Within(1, 60)] = 4
    soak_s: NotNegative = 7200.0
    deadline_s: Positive | None = None
    old_until_s: Positive | None = None  # the old one is revoked then; its expiry is known
    target_success: Share = 0.99
    exposure_max: Share = 1.0
    safe_exposure: Share = 0.05
    stale_after_s: Positive | None = None
    blind_after_s: Positive | None = None


@dataclass(frozen=True, slots=True)
class CertificateTable:
    """`[certificates]`: two bundles, each leaf, intermediates and private key in PEM."""

    old: str
    new: str
    host: str | None = None  # default: the first name of the new leaf
    population: str | None = None  # whose verdict is predicted before the start
    max_affected: Share = 0.0  # share of its connections that may break
    trust: str | None = None  # roots that all of it trusts; default: each client's own


@dataclass(frozen=True, slots=True)
class AuthorityTable:
    """`[authority]`: who signs; `simcert live obtain` asks it for `certificates.new`."""

    kind: Literal["local", "acme"] = "local"
    names: tuple[str, ...] = ()  # default: those of the old certificate
    key_type: Literal["ecdsa", "rsa"] = "ecdsa"
    chain: Annotated[int, Within(0, 9)] = 0  # which of the chains that an ACME server offers
    renew_at: Share = 1 / 3  # `simcert live renew` acts in this last part of a certificate's life
    folder: str = "authority"  # root or account key; private
    directory: str = "https://acme-v02.api.letsencrypt.org/directory"
    challenges: str = "127.0.0.1:5002"
    trust: str | None = None  # roots for the ACME server itself


@dataclass(frozen=True, slots=True)
class HaproxyTable:
    """`[haproxy]`: where it listens, what is behind it, and where its records go."""

    listen: str
    upstream: tuple[str, ...] = ()  # none: HAProxy answers itself, for a first try
    records: str = "unix"  # a private socket in `state`; or host:port
    versions: tuple[Literal["1.2", "1.3"], ...] = ("1.2", "1.3")
    assignment: Assignment = "per_connection"
    threads: Annotated[int, Within(1, 64)] = 2
    connections_max: Annotated[int, Within(10, 1_000_000)] = 4000
    handshake_timeout_s: Annotated[float, Within(0.5, 60.0)] = 10.0
    ring_mib: Annotated[int, Within(1, 1024)] = 16
    tickets: bool = False


@dataclass(frozen=True, slots=True)
class ExecTable:
    """`[exec]`: commands that set and tell the exposure; `{points}` is 0 to 10000."""

    set: tuple[str, ...]
    get: tuple[str, ...]
    timeout_s: Positive = 10.0


@dataclass(frozen=True, slots=True)
class WebhookTable:
    """`[webhook]`: a URL that takes the exposure by PUT, and tells it by GET."""

    url: str
    bearer_file: str | None = None
    timeout_s: Positive = 5.0


@dataclass(frozen=True, slots=True)
class PrometheusTable:
    """`[prometheus]`: the feed of a deployment without HAProxy's records."""

    url: str
    stale_s: Positive = 60.0
    queries: Queries = field(default_factory=Queries)


@dataclass(frozen=True, slots=True)
class ProbeTable:
    """`[[probe]]`: one of our own clients and the roots that it trusts."""

    client: Literal["openssl", "curl", "gnutls", "python"]
    trust: str


@dataclass(frozen=True, slots=True)
class ProbesTable:
    """`[probes]`: where the new arm can be reached by probes alone, and how often they ask."""

    listen: str = "127.0.0.1:8444"
    every_s: Positive = 30.0


@dataclass(frozen=True, slots=True)
class PageTable:
    """`[page]`: where the status page and the metrics are served; best on loopback.

    Elsewhere a token, or the roots of client certificates, must say who may read.
    """

    listen: str = "127.0.0.1:9180"
    token_file: str | None = None
    certificate: str | None = None  # PEM with chain and key: the page is served over TLS
    client_roots: str | None = None  # PEM: only clients with a certificate of theirs may read
    node_listen: str | None = None  # where `simcert live node` serves its own metrics and health


@dataclass(frozen=True, slots=True)
class RedisTable:
    """`[redis]`: journal and lease of several controllers of one rollout, and their `nodes`."""

    url: str
    rollout: str
    ttl_s: Annotated[float, Within(1.0, 600.0)] = 15.0
    nodes: tuple[str, ...] = ()  # servers that run `simcert live node`; none: no nodes
    late_s: NotNegative = 5.0  # how long a slice waits for a node that is late
    away_s: Positive = 10.0  # a node that said nothing new for so long is away
    leash_s: Positive | None = None  # default: the plan's `blind_after_s`
    buffer: Annotated[int, Within(10, 1_000_000)] = 2000  # slices kept while Redis is away


@dataclass(frozen=True, slots=True)
class ReportsTable:
    """`[reports]`: where browsers post Network Error Logging reports about `hosts`."""

    listen: str
    hosts: tuple[str, ...] = ()  # default: the names of the new leaf


@dataclass(frozen=True, slots=True)
class NotifyTable:
    """`[notify]`: a URL that gets a POST when the phase changes."""

    url: str


@dataclass(frozen=True, slots=True)
class InfluenceTable(Limits):
    """`[influence]`: what one address prefix may add to the evidence; see control/influence.py."""

    exempt: tuple[str, ...] = LOOPBACK  # addresses that begin so (as HAProxy writes) have no limit


@dataclass(frozen=True, slots=True)
class LiveConfig:
    """A whole file; `folder` is where it lies, `path` what the user called it."""

    schema: int
    certificates: CertificateTable
    haproxy: HaproxyTable | None = None
    exec: ExecTable | None = None
    webhook: WebhookTable | None = None
    prometheus: PrometheusTable | None = None
    policy: str = "adaptive"
    validation: str | None = None  # document of `simcert validate`, without which nothing flies
    validation_key: str | None = None  # who must have signed it: a public key or a shared secret
    state: str = "state"
    tick_s: Positive | None = None  # default: a slice, at most 5 s
    grace_s: NotNegative | None = None  # default: two handshake timeouts and 2 s
    plan: PlanTable = PlanTable()
    page: PageTable | None = None
    redis: RedisTable | None = None
    authority: AuthorityTable = AuthorityTable()
    reports: ReportsTable | None = None
    notify: NotifyTable | None = None
    probes: ProbesTable = ProbesTable()
    influence: InfluenceTable = InfluenceTable()
    probe: tuple[ProbeTable, ...] = ()
    _path: Path = Path()

    @property
    def path(self) -> Path:
        """The file itself."""
        return self._path

    @property
    def run(self) -> Path:
        """The private folder of this rollout."""
        return self.at(self.state)

    def at(self, name: str) -> Path:
        """Return a path as seen from the file."""
        return (self._path.parent / name).resolve()

    @contextmanager
    def told(self, key: str) -> Iterator[None]:
        """Put file and key before what is wrong with what the key names."""
        try:
            yield
        except InputError as error:
            raise InputError(f"{self.path}: {key}: {error}") from error
        except MachineError as error:
            raise MachineError(f"{self.path}: {key}: {error}") from error

    @property
    def slice_s(self) -> float:
        """Length of one slice."""
        return self.plan.window_s / self.plan.slices

    @property
    def tick(self) -> float:
        """Seconds between two decisions."""
        return min(self.slice_s, 5.0) if self.tick_s is None else self.tick_s

    @property
    def grace(self) -> float:
        """Seconds until a slice is closed: by then a slow handshake and no request are known."""
        if self.grace_s is not None or self.haproxy is None:
            return self.grace_s or 0.0
        return 2.0 * self.haproxy.handshake_timeout_s + 2.0

    @property
    def nodes(self) -> tuple[str, ...]:
        """Names of the servers of a fleet; none if the controller stands beside its terminator."""
        return self.redis.nodes if self.redis is not None else ()

    @property
    def aligned(self) -> bool:
        """Whether windows begin at multiples of their length since 1970, as others count them."""
        salted = self.haproxy is not None and self.haproxy.assignment == "salted_per_window"
        return bool(self.nodes) or salted

    @property
    def leash_s(self) -> float:
        """Seconds after which a node that hears of no leader falls to the safe exposure."""
        asked = self.redis.leash_s if self.redis is not None else None
        blind = self.plan.blind_after_s
        return asked or (30.0 * self.plan.window_s if blind is None else blind)

    def access(self) -> Access:
        """Return who may read the status page; InputError if its token is no secret."""
        table = self.page or PageTable()
        token = ""
        if table.token_file is not None:
            with self.told("page.token_file"):
                token = read_token(self.at(table.token_file))
        return Access(
            token,
            None if table.certificate is None else self.at(table.certificate),
            None if table.client_roots is None else self.at(table.client_roots),
        )

    def bearer(self) -> str:
        """Return the webhook's secret, from its own file."""
        name = self.webhook.bearer_file if self.webhook is not None else None
        if name is None:
            return ""
        try:
            return given.text(
                self.at(name), given.SECRET_MAX, "give a file with the secret"
            ).strip()
        except InputError as error:
            raise InputError(f"{self.path}: webhook.bearer_file: {error}") from error


def load(path: str | Path) -> LiveConfig:
    """Return a configuration; InputError tells everything that is wrong with it."""
    place = Path(path)
    table, lines = parsed(place)
    problems = Problems(str(place), lines)
    config: LiveConfig | None = build(LiveConfig, table, "", problems)
    if config is not None:
        config = replace(config, _path=place.resolve())
        _check(config, problems)
    problems.check()
    assert config is not None  # nothing was found wrong
    return config


def _check(config: LiveConfig, problems: Problems) -> None:
    if config.schema != SCHEMA:
        problems.add("schema", f"this version reads schema {SCHEMA}, got {config.schema}")
    _check_products(config, problems)
    if config.page is not None:
        _check_page(config.page, problems)
    _check_address("authority.challenges", config.authority.challenges, problems)
    if config.reports is not None:
        _check_address("reports.listen", config.reports.listen, problems)
    _check_address("probes.listen", config.probes.listen, problems)
    _check_urls(config, problems)
    for i, head in enumerate(config.influence.exempt):
        if said := no_beginning(head):
            problems.add(f"influence.exempt[{i}]", said)
    if config.haproxy is not None:
        _check_haproxy(config, config.haproxy, problems)
    if config.nodes:
        _check_nodes(config, problems)
    if len(str(config.run)) > SOCKET_PATH_MAX:
        problems.add("state", f"{config.run} is too long for a folder of unix sockets")
    if any(one in " \"'#\\$" or not one.isprintable() for one in str(config.run)):
        problems.add("state", f"{config.run} has a letter that HAProxy's configuration cannot hold")


def _check_products(config: LiveConfig, problems: Problems) -> None:
    names = ("haproxy", "exec", "webhook")
    given = [name for name in names if getattr(config, name) is not None]
    if len(given) != 1:
        what = f"give exactly one of [haproxy], [exec], [webhook]; found {len(given)}"
        problems.add(given[-1] if given else "", what)
    if config.haproxy is None and config.prometheus is None:
        problems.add(given[-1] if given else "", "without [haproxy] a [prometheus] is needed")
    if config.haproxy is None and config.plan.slices != 1:
        problems.add("plan.slices", "must be 1: Prometheus gives whole windows only")


def _check_haproxy(config: LiveConfig, table: HaproxyTable, problems: Problems) -> None:
    _check_address("haproxy.listen", table.listen, problems)
    if table.records != "unix":
        _check_address("haproxy.records", table.records, problems)
    for i, value in enumerate(table.upstream):
        _check_address(f"haproxy.upstream[{i}]", value, problems)
    window_s = config.plan.window_s
    if table.assignment == "salted_per_window" and window_s % 1.0:
        what = f"whole seconds, for HAProxy draws the salt by its clock; got {window_s:g}"
        problems.add("plan.window_s", f"with salted_per_window must be {what}")
    if not table.versions:
        problems.add("haproxy.versions", "must name at least one version")


def _check_page(table: PageTable, problems: Problems) -> None:
    if table.client_roots is not None and table.certificate is None:
        problems.add("page.client_roots", "needs page.certificate: without TLS no client shows one")
    open_to_all = table.token_file is None and table.client_roots is None
    for name in ("listen", "node_listen"):
        where = getattr(table, name)
        if where is None or not _check_address(f"page.{name}", where, problems):
            continue
        if open_to_all and not is_loopback(address(where)[0]):
            what = f"{where} can be reached from other machines"
            problems.add(f"page.{name}", f"{what}; give page.token_file or page.client_roots")


def _check_nodes(config: LiveConfig, problems: Problems) -> None:
    if config.haproxy is None:
        problems.add("redis.nodes", "nodes drive HAProxy: give [haproxy], as each of them has it")
    for name in config.nodes:
        if not NODE_NAME.fullmatch(name):
            what = f'"{name}" is no name of a node; letters, digits, ".", "_" and "-" make one'
            problems.add("redis.nodes", what)
    if config.redis is not None and config.redis.away_s < 2.0 * config.tick:
        what = f"must be at least two ticks of {config.tick:g} s: the leader looks once a tick"
        problems.add("redis.away_s", what)
    if len({*config.nodes}) < len(config.nodes):
        problems.add("redis.nodes", "names a node twice")


def _check_urls(config: LiveConfig, problems: Problems) -> None:
    web, stores = ("http", "https"), ("redis", "rediss", "unix")
    for key, schemes in {"webhook": web, "prometheus": web, "notify": web, "redis": stores}.items():
        table = getattr(config, key)
        if table is not None and not is_url(table.url, schemes):
            shown = " or ".join(f"{one}://" for one in schemes)
            problems.add(f"{key}.url", f"is no URL that begins with {shown}")


def _check_address(path: str, text: str, problems: Problems) -> bool:
    try:
        address(text)
    except InputError as error:
        problems.add(path, str(error))
        return False
    return True
