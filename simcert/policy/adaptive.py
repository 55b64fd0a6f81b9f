"""Adaptive: permission by a bound, back-off by suspicion, rollback only by proof."""

from dataclasses import dataclass
from math import log, pi
from typing import ClassVar

from simcert.model import Assessment, Channel, Decision, View, bounds
from simcert.model.bounds import Chance, Exposure, NotNegative, Positive, Share, Whole
from simcert.model.figures import above, figure, names
from simcert.policy import _adaptive_back as back
from simcert.policy import _adaptive_channels as evidence
from simcert.policy import _adaptive_ramp as ramp
from simcert.policy import _adaptive_readings as read
from simcert.policy import _adaptive_words as say
from simcert.policy._adaptive_memory import DOUBTS, Memory

STEP = 1.05  # a smaller raise is not worth a configuration change
DOUBT_WINDOWS = 600  # a doubt without news for so long is lived with


@dataclass(frozen=True, slots=True)
class Adaptive:
    """Roll back iff the evidence reaches 1 / alpha, whoever peeks and whatever drifts.

    Up needs a bound on the harm (or next to nothing on the way), down needs only suspicion, zero
    needs a proof. Exposures are shares, rates are per unit. A rollback is final: a fresh attempt
    is an operator's decision, for a right rollback must not be tried into more harm; with
    `attempts_max` above 1 attempt k may spend alpha * 6 / (pi k)^2, at most alpha in all.
    """

    tags: ClassVar[frozenset[str]] = frozenset()

    alpha: Chance = 0.01
    alpha_bound: Chance = 0.002  # of the first permission
    alpha_again: Chance = 0.05  # of one that follows a back-off
    delta_safe: Chance = 0.0075  # harm per unit that is tolerated by declaration
    budget: Positive = 0.0045  # expected harm at the bound, share of all units
    overshoot: Positive = 0.016  # the same for what is on the way, share of a window
    mid: Exposure = 0.30  # highest exposure before U <= delta_safe
    top: Exposure = 0.95  # highest exposure before the soak is over: 5 % held back
    back_off: Exposure = 0.10
    back_off_windows: NotNegative = 3.0
    suspicious_e: Positive = 5.0  # e-values that lower
    suspicious_segment_e: Positive = 2.25
    hold_e: Positive = 3.0  # e-values that forbid a step up
    hold_alert_e: Positive = 2.0
    hold_segment_e: Positive = 1.3
    hold_windows: NotNegative = 5.0  # then one held below `back_off` may double, to learn more
    failure_limit: Positive = 6.2  # suspicion, nats
    alert_limit: Positive = 3.6
    segment_limit: Positive = 8.0
    hurry_delta: Positive = 0.05  # harm per unit tolerated when the old certificate is about to end
    hurry_windows: NotNegative = 60.0  # what "about to" means
    patience: Positive = 2.0  # soaks that a segment may stay away before completion
    prior_max: Share = 0.05  # predicted breaks above this share of clients refuse the start
    watched: tuple[str, ...] = ()  # segments that are predicted to break
    watch_weight: Chance = 0.15
    corroboration: Share = 0.0  # weight of client reports and probes together
    attempts_max: Whole = 1

    def __post_init__(self) -> None:
        bounds.check(self)

    def channels(self) -> tuple[Channel, ...]:
        """Name the evidence: tests with weight, one bound, three suspicions."""
        limits = (self.failure_limit, self.alert_limit, self.segment_limit)
        guides = evidence.guides(self.delta_safe, self.alpha_bound, self.alpha_again, limits)
        tests = evidence.corroborated(self.corroboration, self.watched, self.watch_weight)
        return (*tests, *guides)

    def decide(self, view: View) -> Decision:
        """Return the exposure wanted; the first rule that applies speaks."""
        memory = Memory.of(view, self.top)
        for name, (value, limit) in self._doubts(view.assessment).items():
            memory = memory.doubting(name, value, limit)
        if view.phase in say.STANDS:
            return view.hold(say.stands(view))
        if view.assessment.refusal:
            return view.hold(say.refused(view), memory.to_dict())
        if view.assessment.log_e >= -log(self.alpha_of(view.progress.attempt)):
            return self._withdrawn(view, memory)
        if doubt := self._suspicion(view.assessment, memory):
            return self._backed_off(view, memory, doubt)
        if view.now_s < memory.until_s:
            return view.hold(self._waits(view, memory), memory.to_dict())
        return self._onward(view, memory)

    def alpha_of(self, attempt: int) -> float:
        """Return the error probability that attempt k = 1, 2, ... may spend."""
        if self.attempts_max == 1:
            return self.alpha
        return self.alpha * 6.0 / (pi * attempt) ** 2

    def after_rollback(self, attempt: int) -> str:
        """Say what would change the rollback that ends attempt k = 1, 2, ..."""
        del attempt  # all end alike, but for those who try again
        return "final until an operator starts a new attempt"

    def _doubts(self, a: Assessment) -> dict[str, tuple[float, float]]:
        """Return the e-values that forbid a step up, and above what; named as in memory."""
        return {
            "evidence": (read.e_value(a.log_e), self.hold_e),
            "alert": (read.e_value(a.reading("trust_alert").log_e), self.hold_alert_e),
            "doubt": (read.segment_e_value(a), self.hold_segment_e),
        }

    def _suspicion(self, a: Assessment, memory: Memory) -> read.Doubt | None:
        """Say what looks bad enough to go down, or nothing."""
        limit = self.suspicious_e + self._stale(a, memory, "evidence")
        if a.log_e > log(limit):
            value = above(read.e_value(a.log_e), limit)
            return read.Doubt(f"evidence e-value {value}", a.n_new, is_evidence=True)
        segment_e = read.segment_e_value(a)
        limit = self.suspicious_segment_e + self._stale(a, memory, "doubt")
        if segment_e > limit:
            return read.Doubt(f"segment e-value {above(segment_e, limit)}", a.n_new)
        return read.alarm(a, memory.alarms)

    def _stale(self, a: Assessment, memory: Memory, doubt: str) -> float:
        """Return the e-value that is lived with, or 0; limits begin above it.

        Evidence changes only with failures: of a segment, of a signal. After a burst (somebody
        fails on purpose, and stops), or one chance alert on a site that has no others, it would
        stand as it is, and the rollout with it, for ever. A break brings failures, hence news; a
        proof rolls back whatever is lived with.
        """
        return memory.lived_with(doubt, DOUBT_WINDOWS * a.window_s)

    def _withdrawn(self, view: View, memory: Memory) -> Decision:
        attempt = view.progress.attempt
        alpha = self.alpha_of(attempt)
        if worse := back.worse(view):
            return view.hold(say.no_way_back(view, alpha, worse), memory.to_dict())
        said = say.proof(view, alpha, self.after_rollback(attempt))
        return view.roll_back(said, memory.to_dict())

    def _backed_off(self, view: View, memory: Memory, doubt: read.Doubt) -> Decision:
        a, alpha, worse = view.assessment, self.alpha_of(view.progress.attempt), back.worse(view)
        until_s = view.now_s + self.back_off_windows * a.window_s
        kept = memory.backed_off(until_s, read.alarms(a)).to_dict()
        if worse or view.exposure <= self.back_off:
            return view.hold(say.suspected(view, doubt, alpha, None, worse), kept)
        said = say.suspected(view, doubt, alpha, self.back_off, "")
        return view.move(self.back_off, said, kept)

    def _waits(self, view: View, memory: Memory) -> str:
        all_s = self.back_off_windows * view.assessment.window_s
        return say.backed_off(view, memory.until_s, all_s)

    def _onward(self, view: View, memory: Memory) -> Decision:
        if waiting := self._waiting(view):
            return view.hold(waiting, memory.to_dict())
        if view.exposure < self.top:
            return self._upward(view, memory)
        left_s = view.progress.soak_s - memory.soaked_s
        calm = self._calm(view.assessment, memory)
        hold_e = self.hold_e + self._stale(view.assessment, memory, "evidence")
        if left_s <= 0.0 and not calm:
            if away := self._uncovered(view, memory):
                return view.hold(away, memory.to_dict())
            done = say.all_clear(view, memory.soaked_s, hold_e)
            return view.complete(done, memory.to_dict())
        return view.hold(say.soaking(view, left_s, calm, hold_e), memory.to_dict())

    def _waiting(self, view: View) -> str:
        """Say what must be settled before the first step, or the next one."""
        if view.prior is not None and view.exposure == 0.0:
            share = view.prior.affected_share
            if share > self.prior_max:
                return say.predicted(view, share, self.prior_max)
        if not view.assessment.units_per_s:
            return say.no_traffic(view)
        return read.doubt(view.assessment)

    def _upward(self, view: View, memory: Memory) -> Decision:
        a, kept = view.assessment, memory.to_dict()
        room = self._room(view)
        if doubt := self._calm(a, memory):
            left_s = self.hold_windows * a.window_s - view.held_s
            if view.exposure >= self.back_off:
                return view.hold(say.calm_awaited(view, doubt, None), kept)
            if left_s > 0.0:
                return view.hold(say.calm_awaited(view, doubt, left_s), kept)
            closer = min(2.0 * view.exposure, self.back_off)
            room = ramp.lowest(room, say.closer_look(closer, doubt))
        wanted = min(room.exposure, self.top)
        if wanted <= view.exposure * STEP and wanted < self.top:
            return view.hold(say.stays(view, room, view.exposure * STEP), kept)
        return view.move(wanted, say.raised(view, wanted, room, self._old_news(a, memory)), kept)

    def _old_news(self, a: Assessment, memory: Memory) -> str:
        """Say which doubts are lived with, and since when nothing was heard of them."""
        told = ((name, said, self._stale(a, memory, name)) for name, said in DOUBTS.items())
        old = [
            f"{said} e-value {figure(stale)} has no news since {getattr(memory, f'{name}_s'):.0f} s"
            for name, said, stale in told
            if stale
        ]
        return f", {names(old, 1)}" if old else ""

    def _room(self, view: View) -> ramp.Room:
        """Return the room, widened where waiting costs more than going."""
        worse, a, safe = back.worse(view), view.assessment, self.delta_safe
        if back.ended(view):
            return ramp.Room(1.0, lambda: f"{worse}, which allows", say.BY_HAND)
        left_s = back.left_s(view)
        if left_s is not None and left_s <= self.hurry_windows * a.window_s:
            safe = max(safe, self.hurry_delta)
        if not worse:
            return self.room(a, safe=safe)
        room = self.room(a, safe=safe, mid=self.top)
        return room._replace(why=lambda: f"{worse}; {room.why()}")

    def room(
        self, a: Assessment, *, safe: float | None = None, mid: float | None = None
    ) -> ramp.Room:
        """Return the highest exposure that all three ramp rules allow."""
        safe, mid = safe or self.delta_safe, mid or self.mid
        slice_s = a.window_s / a.slices
        lag = a.lag_s / slice_s
        horizon = ramp.Horizon(max(a.units_per_s * slice_s * (lag + 1.0), 1.0), lag, a.slices)
        u = a.reading("bound").value or 1.0
        return ramp.lowest(
            ramp.bounded(horizon, u, safe=safe, budget=self.budget, mid=mid),
            ramp.affordable(horizon, u, self.overshoot),
            ramp.in_flight(horizon, a.n_new),
        )

    def _calm(self, a: Assessment, memory: Memory) -> str:
        """Say what forbids a step up, or nothing."""
        for name, (value, least) in self._doubts(a).items():
            limit = least + self._stale(a, memory, name)
            if value > limit:
                return f"{DOUBTS[name]} e-value {above(value, limit)}"
        return ""

    def _uncovered(self, view: View, memory: Memory) -> str:
        """Say which known segments did not come back during the soak, or nothing."""
        most_s = self.patience * view.progress.soak_s
        if not view.assessment.reading("coverage").detail or memory.soaked_s >= most_s:
            return ""
        return say.uncovered(view, memory.soaked_s, most_s)
