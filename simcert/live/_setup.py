"""What a rollout drives, as configured: HAProxy, or anybody's command or URL with Prometheus."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from secrets import randbits
from typing import Any, Protocol

from simcert.control.rollout import Rollout
from simcert.control.windowing import Grid, Windower
from simcert.errors import MachineError
from simcert.live._bundle import Bundle
from simcert.live._clock import Clock
from simcert.live._config import HaproxyTable, LiveConfig
from simcert.live._logging import event
from simcert.live._receiver import Receiver
from simcert.live.exec_actuator import ExecActuator
from simcert.live.haproxy_actuator import HaproxyActuator
from simcert.live.haproxy_certificates import HaproxyCertificates
from simcert.live.haproxy_feed import AHEAD_S, HaproxyFeed
from simcert.live.haproxy_plan import HaproxyPlan
from simcert.live.haproxy_records import HaproxyRecords
from simcert.live.haproxy_socket import HaproxySocket
from simcert.live.probe_fleet import ProbeFleet
from simcert.live.prometheus_feed import PrometheusFeed
from simcert.live.webhook_actuator import WebhookActuator
from simcert.model import ARMS, Actuator, Window

log = logging.getLogger("simcert.live")
Bundles = Mapping[str, Bundle]


class LiveFeed(Protocol):
    """A feed that wants to know which exposure is in force."""

    def poll(self, now_s: float) -> Sequence[Window]:
        """Return the windows that became final."""
        ...

    def exposed(self, exposure: float, from_s: float) -> None:
        """Note the exposure in force."""
        ...

    def changing(self, from_s: float, to_s: float) -> None:
        """Note that what is in force now came into force at a moment in between."""
        ...

    def unsure(self, from_s: float, to_s: float) -> None:
        """Note that nobody knows which exposure was in force then: no evidence."""
        ...


class Setup(Protocol):
    """Actuator and feed of one product, and what has to be done around them."""

    @property
    def actuator(self) -> Actuator:
        """What sets and tells the exposure."""
        ...

    def prepare(self, bundles: Bundles, *, fresh: bool, touch: bool) -> None:
        """Serve both bundles, the new one to nobody if the rollout is fresh."""
        ...

    def feed(self, clock: Clock, bundles: Bundles) -> LiveFeed:
        """Return the feed; windows of the past are not in it."""
        ...

    def begin(self, rollout: Rollout) -> None:
        """Hear of the rollout before the feed is asked for."""
        ...

    def settled(self) -> bool:
        """Do what is to be done when the rollout is over; False if it must be tried again."""
        ...

    def health(self) -> dict[str, Any]:
        """Return what a person wants to know of the feed."""
        ...

    def close(self) -> None:
        """Let go of sockets."""
        ...


def setup_of(config: LiveConfig, token: int = 0) -> Setup:
    """Return the setup that the configuration asks for; `token` fences off earlier leaders."""
    if config.haproxy is not None:
        return HaproxySetup(config, config.haproxy)
    return ThinSetup(config, token)


def plan_of(config: LiveConfig, haproxy: HaproxyTable) -> HaproxyPlan:
    """Return paths and configuration of HAProxy."""
    probes = config.probes.listen if config.probe else None
    return HaproxyPlan(config.run, haproxy, probes, config.plan.window_s)


def fleet_of(config: LiveConfig, bundles: Bundles) -> ProbeFleet | None:
    """Return the probe clients, None if there are none."""
    if not config.probe:
        return None
    host = config.certificates.host or min(bundles["new"].names, default="localhost")
    probes = [(one.client, config.at(one.trust)) for one in config.probe]
    with config.told("probe"):
        return ProbeFleet.of(config.probes.listen, host, probes, config.probes.every_s)


def actuator_of(config: LiveConfig, token: int = 0) -> Actuator:
    """Return the actuator alone: for an abort without controller."""
    if config.haproxy is not None:
        return _haproxy_actuator(config, config.haproxy)
    if config.exec is not None:
        return ExecActuator(config.exec.set, config.exec.get, config.exec.timeout_s, token)
    assert config.webhook is not None  # the configuration was checked
    return WebhookActuator(config.webhook.url, config.bearer(), config.webhook.timeout_s, token)


def _haproxy_actuator(config: LiveConfig, haproxy: HaproxyTable) -> HaproxyActuator:
    plan, salted = HaproxyPlan(config.run, haproxy), haproxy.assignment == "salted_per_stage"
    return HaproxyActuator(HaproxySocket(plan.admin_socket), plan.map_file, salted=salted)


class Alone:
    """What a setup of one terminator need not do."""

    def begin(self, rollout: Rollout) -> None:
        """Nothing to hear."""

    def settled(self) -> bool:
        """Nothing to do: what is in force stays."""
        return True


class HaproxySetup(Alone):
    """HAProxy with its ring of records."""

    def __init__(self, config: LiveConfig, haproxy: HaproxyTable) -> None:
        self._config = config
        self._plan = plan_of(config, haproxy)
        self._certificates = HaproxyCertificates(HaproxySocket(self._plan.admin_socket))
        self._assignment = haproxy.assignment
        self.actuator = _haproxy_actuator(config, haproxy)
        self._feed: HaproxyFeed | None = None

    def prepare(self, bundles: Bundles, *, fresh: bool, touch: bool) -> None:
        """MachineError unless HAProxy serves both bundles, the new one to nobody at the start.

        Whose coins were units before a restart is not known any more, so they are thrown anew.
        """
        served = {arm: self._certificates.serial(self._plan.certificate(arm)) for arm in ARMS}
        if fresh and touch and self.actuator.read_back(0.0) > 0.0:
            self._turn(served["new"], bundles["old"])
        for arm in ARMS:
            path, bundle = self._plan.certificate(arm), bundles[arm]
            if served[arm] == bundle.serial:
                continue
            if not touch:
                raise MachineError(f"{path}: HAProxy serves another one than {bundle.name}")
            self._certificates.install(path, bundle)
            more = event("installed", arm=arm, serial=bundle.serial)
            log.info("installed %s as %s", bundle.name, arm, extra=more)
        if touch and not fresh:
            self.actuator.renew()

    def serves(self, bundles: Bundles) -> bool:
        """Return whether HAProxy serves this very new certificate already."""
        return self._certificates.serial(self._plan.certificate("new")) == bundles["new"].serial

    def _turn(self, served_new: str, old: Bundle) -> None:
        """After a completed rollout its new certificate is the old one of the next."""
        if served_new != old.serial:
            what = "an exposure above 0 is in force, of a certificate that is not `old`"
            raise MachineError(f"{self._plan.map_file}: {what}; `simcert live abort` withdraws it")
        self._certificates.install(self._plan.certificate("old"), old)
        self.actuator.apply(0.0, 0.0)

    def feed(self, clock: Clock, bundles: Bundles) -> LiveFeed:
        """Listen for records, and cut windows from them."""
        table, limits = self._config.plan, self._config.influence
        windower = Windower(
            Grid(table.window_s, table.slices),
            source="haproxy",
            assignment=self._assignment,
            grace_s=self._config.grace,
            skew_s=AHEAD_S,
            duplicates=True,
            ordered=False,
            limits=limits,
        )
        ecdsa = (bundles["old"].ecdsa, bundles["new"].ecdsa)
        hashed = self._assignment.startswith("salted")
        key = randbits(64) | 1
        records = HaproxyRecords(clock.epoch_s, ecdsa, limits.exempt, hashed, key)
        receiver = Receiver(self._plan.records)
        self._feed = HaproxyFeed(
            receiver,
            records,
            windower,
            self._since_s(clock.now()),
            table.window_s / table.slices,
            clock.behind_s,
        )
        return self._feed

    def _since_s(self, now_s: float) -> float:
        """Return when our first window begins: a coin that rules a whole one may have a unit."""
        window_s = self._config.plan.window_s
        whole = self._assignment == "salted_per_window"
        return ceil(now_s / window_s) * window_s if whole else now_s

    def health(self) -> dict[str, Any]:
        """Return counts of lines, and whether anybody sends."""
        assert self._feed is not None
        records = self._feed.records
        return {
            "connected": self._feed.receiver.connected,
            "lines": records.lines,
            "lost": self._feed.lost,
            "unparsed": records.unparsed,
            "ignored": records.ignored,
            "late": self._feed.windower.late,
            "left_out": self._feed.windower.influence.left_out,
        }

    def close(self) -> None:
        """Stop listening."""
        if self._feed is not None:
            self._feed.close()


@dataclass(slots=True)
class ThinSetup(Alone):
    """A command or URL for exposure, Prometheus for metrics; certificates are the user's duty."""

    config: LiveConfig
    token: int = 0

    @property
    def actuator(self) -> Actuator:
        """The command or URL."""
        return actuator_of(self.config, self.token)

    def prepare(self, bundles: Bundles, *, fresh: bool, touch: bool) -> None:
        """MachineError unless the exposure can be read, and is 0 for a fresh rollout."""
        del bundles
        exposure = self.actuator.read_back(0.0)
        if fresh and touch and exposure > 0.0:
            remedy = "set it to 0 first, or `simcert live abort`"
            raise MachineError(f"an exposure of {exposure:g} is in force already; {remedy}")

    def feed(self, clock: Clock, bundles: Bundles) -> LiveFeed:
        """Ask Prometheus."""
        del bundles
        table = self.config.prometheus
        assert table is not None  # the configuration was checked
        window_s = self.config.plan.window_s
        return PrometheusFeed(table.url, window_s, table.stale_s, clock.now(), table.queries)

    def health(self) -> dict[str, Any]:
        """Return that an answer is asked for, not waited for."""
        return {"connected": True}

    def close(self) -> None:
        """Nothing is open."""
