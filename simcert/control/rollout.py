"""Rollout: the one object that drivers talk to; policy inside, safety around it.

Time is passed in. No decision leaves it that raises the exposure without fresh and complete
evidence (for policies that use any), before the last change is confirmed, or against an operator.
"""

from collections.abc import Mapping
from typing import Any

from simcert.control import phases, safety
from simcert.control._rollout_state import State
from simcert.control.analyzer import Analyzer, MakeAnalyzer
from simcert.control.journal import stem
from simcert.control.plan import Plan
from simcert.control.status import status
from simcert.errors import ContractError, UnknownNameError
from simcert.model import (
    Assessment,
    Decision,
    Kind,
    Phase,
    Policy,
    Prior,
    Progress,
    Truth,
    View,
    Window,
)


class Rollout:
    """One rollout of one new certificate under one policy."""

    def __init__(
        self,
        policy: Policy,
        make_analyzer: MakeAnalyzer,
        plan: Plan,
        *,
        prior: Prior | None = None,
        truth: Truth | None = None,
    ) -> None:
        self.policy = policy
        self.plan = plan
        self.prior = prior
        self.truth = truth
        self._make_analyzer = make_analyzer
        self._analyzer = make_analyzer()
        self._uses_evidence = bool(policy.channels())
        self._per_window = "per_window" in policy.tags
        self._retries = "retries" in policy.tags
        self._state = State()
        self._last: tuple[float, Decision] | None = None

    @property
    def phase(self) -> Phase:
        """Where the rollout stands."""
        return self._state.phase

    @property
    def exposure(self) -> float:
        """The exposure in force, as last confirmed."""
        return self._state.exposure

    @property
    def authorised(self) -> float:
        """The exposure that was last decided: nothing above it may be in force."""
        return self._state.authorised

    @property
    def attempt(self) -> int:
        """Number of the present attempt, from 1."""
        return self._state.attempt

    @property
    def rolled_back_ever(self) -> bool:
        """Whether any attempt was rolled back."""
        return self._state.rolled_back_ever

    @property
    def last_decision(self) -> Decision | None:
        """What was decided last, as far as it was safe; None before the first tick."""
        return self._last[1] if self._last else None

    @property
    def assessment(self) -> Assessment:
        """What the evidence says."""
        return self._analyzer.assessment

    @property
    def analyzer(self) -> Analyzer:
        """What this attempt learned; it merges with that of another region."""
        return self._analyzer

    @property
    def finished(self) -> bool:
        """Whether nothing but an operator's command can change the exposure any more."""
        state = self._state
        if state.phase is Phase.COMPLETE:
            return True
        spent = not self._retries or state.attempt >= self.plan.attempts_max
        return state.phase is Phase.ROLLED_BACK and spent

    def knows(self, window: Window) -> bool:
        """Return whether a window came before, comes too late, or is older than this attempt."""
        return window.start_s < max(self._state.received_s, self._state.started_s) - 1e-6

    def receive(self, window: Window) -> bool:
        """Count a window; False, and nothing counted, if it is known."""
        state = self._state
        if self.knows(window):
            state.skipped += 1
            return False
        state.received_s = window.end_s
        if self._analyzer.update(window).refusal is None:
            state.heard_s = window.end_s
            state.usable_s = window.end_s if window.n else state.usable_s
        return True

    def tick(self, now_s: float) -> Decision:
        """Decide; ContractError if the policy breaks its duty (the exposure then stays)."""
        state = self._state
        decision = self._standing() if self._stands() else self._decide(now_s)
        state.authorised = decision.exposure
        self._last = (now_s, decision)
        return decision

    def overruled(self, exposure: float) -> None:
        """In a replay under another policy: what was carried out is the recorded decision."""
        self._state.authorised = exposure

    def _stands(self) -> bool:
        """Return whether the policy has no say now; `retries` gives it one after a rollback."""
        phase = self._state.phase
        if phase is Phase.ROLLED_BACK:
            return self.finished
        return phase is Phase.COMPLETE or phase is Phase.PAUSED

    def _standing(self) -> Decision:
        """Return the decision of a phase in which the policy has no say: assert its exposure."""
        exposure, why = phases.STANDING[self._state.phase]
        why += phases.PROMOTED if self._state.promoted else ""
        wanted = self._state.authorised if exposure is None else exposure
        return Decision(wanted, why, Kind.HOLD, self._state.memory)

    def _decide(self, now_s: float) -> Decision:
        window = int((now_s + 1e-6) / self.plan.window_s)
        if self._per_window and window <= self._state.decided_window:
            left_s = (window + 1) * self.plan.window_s - now_s
            return self._keep(self._between(left_s))
        view = self.view(now_s)
        wanted = self._asked(view)
        self._state.decided_window = window
        allowed = safety.limit(wanted, view, self._facts(now_s))
        self._enter(allowed, now_s)
        return allowed

    def _between(self, left_s: float) -> str:
        every = f"{left_s:.0f} of {self.plan.window_s:g} s to go (n = {self.assessment.n_new})"
        return f"between windows: {every}; this policy decides at their ends"

    def _keep(self, reason: str) -> Decision:
        return Decision(self._state.authorised, reason, Kind.HOLD, self._state.memory)

    def view(self, now_s: float) -> View:
        """Return all that the policy may know now."""
        state, plan = self._state, self.plan
        progress = Progress(
            state.started_s,
            plan.deadline_s,
            plan.soak_s,
            plan.target_success,
            state.attempt,
            state.memory,
            plan.old_until_s,
        )
        return View(
            now_s,
            state.exposure,
            now_s - state.changed_s,
            state.phase,
            self._analyzer.assessment,
            progress,
            self.prior,
            self.truth,
        )

    def _asked(self, view: View) -> Decision:
        try:
            decision = self.policy.decide(view)
        except Exception as error:
            raise ContractError(f"policy {stem(self.policy)} failed: {error!r}") from error
        safety.check(decision, view, stem(self.policy))
        return decision

    def _facts(self, now_s: float) -> safety.Facts:
        state = self._state
        return safety.Facts(
            self.plan,
            state.authorised,
            self._uses_evidence,
            now_s - state.usable_s - self._analyzer.assessment.lag_s,
            now_s - state.heard_s - self._analyzer.assessment.lag_s,
            now_s,
        )

    def _enter(self, decision: Decision, now_s: float) -> None:
        state = self._state
        then = phases.after(state.phase, decision.kind, decision.exposure)
        if then is None:
            what = f"{decision.kind.value} is not possible while {state.phase.value}"
            raise ContractError(f"policy {stem(self.policy)}: {what}")
        if state.phase is Phase.ROLLED_BACK and then is not Phase.ROLLED_BACK:
            self._begin(now_s)
        state.memory = decision.memory
        state.rolled_back_ever = state.rolled_back_ever or then is Phase.ROLLED_BACK
        state.phase = then

    def _begin(self, now_s: float) -> None:
        """Start a fresh attempt: evidence of the one before is gone, and so is its alpha."""
        state = self._state
        state.attempt += 1
        state.started_s = state.usable_s = state.heard_s = now_s
        state.memory = {}
        self._analyzer = self._make_analyzer()

    def confirm(self, exposure: float, now_s: float) -> None:
        """Note the exposure in force, as read back from the terminator."""
        state = self._state
        if exposure != state.exposure:
            state.exposure, state.changed_s = exposure, now_s

    def command(self, word: str, now_s: float | None = None) -> None:
        """Obey an operator: pause, resume, abort or promote; the next tick carries it out.

        UnknownNameError for another word; a word without meaning in this phase changes nothing.
        `resume` after a rollback is a fresh attempt, which begins at `now_s`.
        """
        if word not in phases.COMMANDS:
            raise UnknownNameError("command", word, phases.COMMANDS)
        state = self._state
        before = state.phase
        if before is Phase.PAUSED and word == "resume":
            state.phase = state.resume_to
            return
        state.phase = phases.COMMANDED.get((before, word), before)
        if state.phase is not before:
            state.promoted = state.phase is Phase.COMPLETE
        if state.phase is Phase.PAUSED:
            state.resume_to = before if before is not Phase.PAUSED else state.resume_to
        if before is Phase.ROLLED_BACK and word == "resume":
            self._begin(self._now() if now_s is None else now_s)
        state.rolled_back_ever = state.rolled_back_ever or state.phase is Phase.ROLLED_BACK

    def _now(self) -> float:
        """Return the moment of the last decision."""
        return self._last[0] if self._last else self._state.started_s

    def status(self) -> dict[str, Any]:
        """Return what an operator sees, as JSON values."""
        return status(self, self._analyzer, self._last)

    @property
    def soak_left_s(self) -> float | None:
        """Return how long the soak still takes if nothing happens; None where nobody can know."""
        if self._state.phase is not Phase.SOAKING:
            return None
        return max(self.plan.soak_s - (self._now() - self._state.changed_s), 0.0)

    def to_dict(self) -> dict[str, Any]:
        """Return the state as JSON values; policy and plan belong to the configuration."""
        last = None if self._last is None else [self._last[0], self._last[1].to_dict()]
        analyzer = self._analyzer.to_dict()
        return {"state": self._state.to_dict(), "analyzer": analyzer, "last": last}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Take the state that `to_dict` described; ContractError if it is not one."""
        try:
            state = State.from_dict(saved["state"])
            self._analyzer = self._make_analyzer()
            self._analyzer.restore(saved["analyzer"])
            last = saved["last"]
            self._last = None if last is None else (last[0], Decision.from_dict(last[1]))
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise ContractError(f"saved state of a rollout does not fit: {error!r}") from error
        self._state = state

    @classmethod
    def from_dict(
        cls,
        saved: Mapping[str, Any],
        policy: Policy,
        make_analyzer: MakeAnalyzer,
        plan: Plan,
        *,
        prior: Prior | None = None,
        truth: Truth | None = None,
    ) -> "Rollout":
        """Return the rollout whose `to_dict` is `saved`, under the same configuration."""
        rollout = cls(policy, make_analyzer, plan, prior=prior, truth=truth)
        rollout.restore(saved)
        return rollout
