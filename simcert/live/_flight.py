"""One live rollout: the loop of the simulator, a wall clock, a journal on disk, an operator."""

import contextlib
import datetime as dt
import logging
import time
from collections.abc import Mapping
from typing import Any

from simcert import __version__
from simcert.control import phases
from simcert.control.journal import params, stem
from simcert.control.loop import Loop
from simcert.control.plan import Plan
from simcert.control.replay import resume
from simcert.control.rollout import Rollout
from simcert.errors import ContractError, InputError, SimcertError
from simcert.live import _story as story
from simcert.live._bundle import Bundle, check_new, read_bundle
from simcert.live._clock import Clock
from simcert.live._config import LiveConfig
from simcert.live._control import ControlSocket
from simcert.live._fleet import FleetSetup, aligned_s
from simcert.live._gate import check_gate, policy_of
from simcert.live._holdings import holdings, withdrawn_by_date
from simcert.live._journal_store import StoreJournal
from simcert.live._leader import Leader
from simcert.live._logging import event
from simcert.live._notify import Teller, notify
from simcert.live._outlook import Outlook
from simcert.live._page import Page
from simcert.live._preflight import check_population
from simcert.live._run_folder import check_alone, control_name, is_of_another, journal_of
from simcert.live._setup import Setup, fleet_of, setup_of
from simcert.live._terminator import Terminator
from simcert.live._watch import Watch
from simcert.live.nel_collector import NelCollector
from simcert.model import ARMS, Phase
from simcert.scenario.build import analyzer_maker

log = logging.getLogger("simcert.live")


class Flight:
    """Flies the rollout of a configuration until it ends or `stop` is asked for.

    InputError for a bad bundle, policy or journal, MachineError where HAProxy cannot be driven:
    both before the first client is exposed.
    """

    def __init__(
        self,
        config: LiveConfig,
        *,
        dry_run: bool = False,
        unvalidated: bool = False,
        leader: Leader | None = None,
    ) -> None:
        if dry_run:
            check_alone(config)
        self.config = config
        self.dry_run = dry_run
        self.leader = leader
        self.setup: Setup = (
            FleetSetup(config, leader)
            if config.nodes
            else setup_of(config, leader.token if leader else 0)
        )
        self._stopped = False
        self._open = contextlib.ExitStack()  # what has to be closed, the latest first
        self._shown: Mapping[str, Any] = {}
        policy = policy_of(config)
        self.validation = check_gate(policy, config, unvalidated=unvalidated, rehearsal=dry_run)
        self.bundles = bundles(config)
        self.journal = journal_of(config, dry_run, leader)
        if is_of_another(self.journal.entries_before, self.bundles):
            self.journal = self.journal.archived()
        self._open.callback(self.journal.close)
        try:
            self.clock = self._clock(unvalidated)
            until_s = self.bundles["old"].until_s - self.clock.epoch_s
            plan = control_plan(config, until_s)
            self.rollout = Rollout(policy, analyzer_maker(policy), plan)
            self.holdings = holdings(self.bundles, self.clock.epoch_s)
            self._resume()
            self._connect()
        except BaseException:
            self._open.close()
            raise

    def _clock(self, unvalidated: bool) -> Clock:
        entries = self.journal.entries_before
        if not entries:
            epoch_s = time.time()
            if self.config.aligned:
                epoch_s = aligned_s(epoch_s, self.config.plan.window_s)
            self.journal.about(**self._about(epoch_s, unvalidated))
            return Clock(epoch_s)
        return Clock(float(entries[0]["epoch_s"]), self.journal.last_s)

    def _about(self, epoch_s: float, unvalidated: bool) -> dict[str, Any]:
        began = dt.datetime.fromtimestamp(epoch_s, dt.UTC).isoformat(timespec="milliseconds")
        leaves = {arm: self.bundles[arm].digest for arm in ARMS}
        return {
            "epoch_s": epoch_s,
            "began": began,
            "simcert": __version__,
            "unvalidated": unvalidated,
            "validation": self.validation,
            "dry_run": self.dry_run,
            "certificates": leaves,
        }

    def _resume(self) -> None:
        """Decide again what was decided; ContractError if that does not give the same.

        InputError if the journal holds what is no window or state.
        """
        entries = self.journal.entries_before
        if not entries:
            return
        self._check_same(entries[0])
        remedy = "`simcert live abort`, then move the journal away"
        try:
            decisions = resume(entries, self.rollout)
        except InputError as error:
            raise InputError(f"{self.journal.name}: {error}; {remedy}") from error
        except ContractError as error:
            what = f"other decisions than recorded: {error}"
            raise ContractError(f"{self.journal.name}: {what}; {remedy}") from error
        log.info("resumed after %d decisions", decisions, extra=event("resumed"))

    def _check_same(self, start: Mapping[str, Any]) -> None:
        fresh = self.rollout
        leaves = {arm: self.bundles[arm].digest for arm in ARMS}
        same = {
            "policy": stem(fresh.policy),
            "params": params(fresh.policy),
            "plan": fresh.plan.to_dict(),
            "certificates": leaves,
        }
        for name, value in same.items():
            if start.get(name) != value:
                remedy = "end that rollout, or move its journal away"
                raise InputError(f"{self.journal.name}: began with another {name}; {remedy}")

    def _connect(self) -> None:
        """Open all that moves; from here on only the loop changes the exposure."""
        config = self.config
        fresh = not self.journal.entries_before
        self._open.callback(self.setup.close)
        self.setup.begin(self.rollout)
        self.setup.prepare(self.bundles, fresh=fresh, touch=not self.dry_run)
        self.feed = self.setup.feed(self.clock, self.bundles)
        actuator = self.setup.actuator
        self.terminator = Terminator(actuator, self.feed, self.clock.now, self.dry_run)
        self.fleet = None if config.nodes else fleet_of(config, self.bundles)
        if self.fleet is not None:
            self._open.callback(self.fleet.close)
            self.fleet.start()
        self.terminator.refusal = self._refusal
        self.watch = Watch(self.feed)
        self.outlook = Outlook()
        self.loop = Loop(self.rollout, self.watch, self.terminator, self.journal)
        self._cause = ""  # of an end that was not the policy's
        self._teller = Teller(config.notify.url) if config.notify is not None else None
        if self._teller is not None:
            self._open.callback(self._teller.close)
        over = self.rollout.phase in phases.FINAL
        self._ended = story.ending(self.journal.entries_before) if over else None
        del self.journal.entries_before[1:]  # they are in the rollout now
        self.reports: NelCollector | None = None
        before = {"tick_at_s": 0.0}  # healthy is a loop that turns
        self._shown = self._status(self.clock.now()) | before  # for who asks before it does
        self.page = self._page(config.page.listen) if config.page else None
        self.reports = self._reports()
        # last: who is answered is obeyed, so nothing may fail behind it
        self.control = ControlSocket(config.run / control_name(self.dry_run), self.status)

    def _probed(self) -> str:
        return self.fleet.refusal if self.fleet is not None else ""

    def _refusal(self) -> str:
        return self._probed() or (self.leader.refusal() if self.leader is not None else "")

    def _reports(self) -> NelCollector | None:
        table = self.config.reports
        if table is None:
            return None
        collector = NelCollector(frozenset(table.hosts) or self.bundles["new"].names)
        self._open.callback(collector.close)
        with self.config.told("reports.listen"):
            collector.serve(table.listen)
        return collector

    def _page(self, where: str) -> Page:
        def scrape() -> bytes:
            return self.watch.metrics.text(self._shown)

        def healthy() -> bool:
            tick_at_s: float = self._shown.get("tick_at_s", 0.0)
            return time.time() - tick_at_s < 3.0 * self.config.tick + 5.0

        access = self.config.access()
        with self.config.told("page"):
            page = Page(where, self.status, scrape, healthy, access)
        self._open.callback(page.close)
        return page

    def fly(self) -> str:
        """Return how it ended: complete, rolled_back, stopped or deposed (it can be resumed)."""
        try:
            while not self._stopped or not self.control.words.empty():
                if self._deposed():
                    return "deposed"
                self._tick()
                if self._over() and self.setup.settled():
                    end = self.rollout.phase.value
                    self.journal.end(self.clock.now(), end)
                    return end
                self._wait()
            return "stopped"
        finally:
            self.close()

    def _deposed(self) -> bool:
        """Whether another one leads, or wrote into the journal what we have not read."""
        if self.leader is None:
            return False
        return not self.leader.leads() or self.leader.store.overtaken

    def _tick(self) -> None:
        now_s = self.clock.now()
        self._cause = ""
        before = self.rollout.phase
        self._watch_dates(now_s)
        if jumped := self.clock.take_jump():
            log.warning("the clock leapt by %.1f s", jumped, extra=event("clock"))
        while not self.control.words.empty():
            word = self.control.words.get()
            log.info("operator: %s", word, extra=event("operator", word=word))
            self._cause = f"an operator: {word}"
            self.loop.command(word, now_s)
        try:
            decision = self.loop.step(now_s)
        except ContractError as error:
            log.error("%s", error, extra=event("contract"))
        else:
            self.watch.decided(now_s, decision)
            if decision.exposure != self._shown.get("asked"):
                about = event("decision", kind=decision.kind.value, exposure=decision.exposure)
                log.info("%s", decision.reason, extra=about)
        if self.rollout.phase is not before:
            self._changed(before, now_s)
        self.outlook.look(self.rollout, now_s)
        self._shown = self._status(now_s)
        notify("READY=1\nWATCHDOG=1")

    def _watch_dates(self, now_s: float) -> None:
        """Withdraw a new certificate that has run out, while the old one has not."""
        if self.rollout.phase is Phase.ROLLED_BACK:
            return
        if over := withdrawn_by_date(self.holdings, now_s):
            log.error("%s: abort", over, extra=event("certificate_ended"))
            self._cause = over
            self.loop.command("abort", now_s)

    def _changed(self, before: Phase, now_s: float) -> None:
        """Tell of a new phase; who listens must not be able to stop us."""
        now, last = self.rollout.phase, self.rollout.status()["last_decision"]
        why = self._cause or (last["reason"] if last else "")
        epoch_s = self.clock.epoch_s
        self._ended = story.ended(now, now_s, epoch_s, why) if now in phases.FINAL else None
        more = event("phase", phase=now.value, before=before.value)
        log.info("phase %s", now.value, extra=more)
        if self._teller is not None:
            told = {"policy": stem(self.rollout.policy), "phase": now.value}
            more = {"before": before.value, "exposure": self.rollout.exposure, "decision": last}
            self._teller.tell(told | more)

    def _over(self) -> bool:
        """Return whether the final exposure is in force; a rollback waits for a human otherwise."""
        rollout = self.rollout
        settled = abs(rollout.exposure - rollout.authorised) <= rollout.plan.exposure_tolerance
        return rollout.finished and settled and rollout.phase in phases.FINAL

    def _wait(self) -> None:
        self.control.woken.wait(self.config.tick)
        self.control.woken.clear()

    def stop(self) -> None:
        """Leave at the next moment; the exposure stays, the journal can be resumed."""
        self._stopped = True
        self.control.woken.set()

    def status(self) -> Mapping[str, Any]:
        """Return what an operator sees."""
        return self._shown

    def _status(self, now_s: float) -> dict[str, Any]:
        shown = self.rollout.status()
        shown["feed"] |= self.setup.health()
        return shown | {
            **self.outlook.shown(self.rollout, now_s),
            "ended": self._ended,
            "t": now_s,
            "tick_at_s": time.time(),
            "history": self.watch.shown(),
            "asked": self.rollout.authorised,
            "errors": self.loop.errors,
            "dry_run": self.dry_run,
            "leader": self.leader.lease.holder if self.leader else None,
            "reports": self.reports.shown() if self.reports else None,
            "probes": self._probed() or ("fine" if self.fleet else None),
        }

    def _last_words(self) -> None:
        """Journal what came while we were leaving: the next controller obeys; an abort we do."""
        while not self.control.words.empty():
            word = self.control.words.get()
            more = event("operator", word=word)
            if word == "abort":
                with contextlib.suppress(SimcertError):
                    self.terminator.apply(0.0, self.clock.now())
            try:
                if self.leader is None:
                    self.journal.command(self.clock.now(), word)
                else:  # another one may have written since
                    StoreJournal(self.leader.store).leave(word)
            except SimcertError as error:
                log.error("not obeyed, say it again: %s: %s", word, error, extra=more)
            else:
                log.warning("left to the next controller: %s", word, extra=more)

    def close(self) -> None:
        """Let go of sockets and journal."""
        notify("STOPPING=1")
        self.control.close()
        self._last_words()
        self._open.close()


def bundles_as_given(config: LiveConfig) -> dict[str, Bundle]:
    """Return both bundles as the files hold them."""
    found = {}
    for arm in ARMS:
        with config.told(f"certificates.{arm}"):
            found[arm] = read_bundle(config.at(getattr(config.certificates, arm)))
    return found


def bundles(config: LiveConfig) -> dict[str, Bundle]:
    """Return both bundles, checked; InputError for a new one that must not be served."""
    found = bundles_as_given(config)
    now = dt.datetime.now(dt.UTC)
    check_new(found["new"], found["old"], now)
    with config.told("certificates"):
        share, names = check_population(config, found["old"], found["new"], now)
    if names:
        more = event("predicted", share=share)
        log.warning("predicted to break: %.2f %% (%s)", 100 * share, ", ".join(names), extra=more)
    return found


def control_plan(config: LiveConfig, until_s: float | None = None) -> Plan:
    """Return the plan of the rollout; the old certificate expires at `until_s`, or ends earlier."""
    values = {name: getattr(config.plan, name) for name in type(config.plan).__slots__}
    known = [end for end in (values["old_until_s"], until_s) if end is not None]
    return Plan(**{**values, "old_until_s": min(known, default=None)})
