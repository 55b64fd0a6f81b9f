"""Flagger's canary loop: one tick per interval, failed checks counted for the whole rollout.

Weights are whole percent. The order of the steps in `tick` is the product's: the threshold is
looked at before the tick's own checks, so a rollback comes one interval after the failure that
reached it. Source: fluxcd/flagger, pkg/controller/scheduler.go (Apache-2.0), read, not copied.
"""

from dataclasses import dataclass, replace

INITIALIZED, WAITING, PROGRESSING = "Initialized", "Waiting", "Progressing"
WAITING_PROMOTION, PROMOTING = "WaitingPromotion", "Promoting"
FINALISING, SUCCEEDED, FAILED = "Finalising", "Succeeded", "Failed"
_ANALYSED = (PROGRESSING, WAITING_PROMOTION)
_MOVING = (*_ANALYSED, PROMOTING, FINALISING)
TOTAL = 100


@dataclass(frozen=True, slots=True)
class Analysis:
    """What an operator configures; weights in percent, defaults of the product."""

    threshold: int = 1
    step_weight: int = 0
    step_weights: tuple[int, ...] = ()
    max_weight: int = 0
    step_weight_promotion: int = 0
    iterations: int = 0
    match: bool = False
    mirror: bool = False
    skip_analysis: bool = False

    @property
    def failures_allowed(self) -> int:
        """Failed checks at which the rollout is given up; anything below 1 reads as 1."""
        return max(self.threshold, 1)

    @property
    def top_weight(self) -> int:
        """Weight from which the canary is promoted; a list of weights overrides `max_weight`."""
        if self.step_weights:
            return min(TOTAL, self.step_weights[-1])
        return self.max_weight if self.max_weight > 0 else TOTAL

    def next_step(self, weight: int) -> int:
        """Return the increment after `weight`; 0 means that the canary never moves."""
        if self.step_weight > 0 or not self.step_weights:
            return self.step_weight
        room = TOTAL - weight
        if room == 0:
            return 1  # any step will do: the limit is reached and promotion follows
        if weight == 0:
            return min(room, self.step_weights[0])
        if weight in self.step_weights[:-1]:
            return min(room, self.step_weights[self.step_weights.index(weight) + 1] - weight)
        return room

    @property
    def strategy(self) -> str:
        """Which of the three loops runs: by iterations and match, else by weight."""
        if self.iterations > 0:
            return "ab-testing" if self.match else "blue-green"
        return "canary"


@dataclass(frozen=True, slots=True)
class Facts:
    """What one tick finds around it: workload, hooks, gates, and the result of the checks."""

    new_revision: bool = False
    checks_pass: bool = True
    pre_rollout: bool = True
    confirm_rollout: bool = True
    confirm_traffic_increase: bool = True
    confirm_promotion: bool = True
    rollback_hook: bool = False
    canary: str = "ready"  # or not_ready, stuck
    primary: str = "ready"
    suspended: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """Where a rollout stands between two ticks; `pending` is a revision not yet taken up."""

    phase: str = INITIALIZED
    canary_weight: int = 0
    primary_weight: int = TOTAL
    mirrored: bool = False
    status_weight: int = 0
    failed_checks: int = 0
    iterations: int = 0
    failures_total: int = 0
    pending: bool = False

    def routed(self, canary: int, *, mirrored: bool = False) -> "State":
        """Return the state with `canary` percent of the traffic on the canary."""
        return replace(self, canary_weight=canary, primary_weight=TOTAL - canary, mirrored=mirrored)


def tick(analysis: Analysis, state: State, facts: Facts) -> State:
    """Return the state after one analysis interval."""
    state = replace(state, pending=state.pending or facts.new_revision)
    if facts.suspended or not (state.pending or state.phase in (*_MOVING, WAITING)):
        return state
    for step in (_primary, _start, _restart, _canary, _skip, _hook, _finish, _give_up, _check):
        outcome = step(analysis, state, facts)
        if outcome is not None:
            return outcome
    return _advance(analysis, state, facts)


def rolled_back(state: State) -> State:
    """Return the terminal state: all traffic on the primary until somebody brings a revision."""
    total = state.failures_total + 1
    ended = replace(_fresh(state), phase=FAILED, pending=False)  # what was pending has failed
    return replace(ended.routed(0), failures_total=total)


def _primary(analysis: Analysis, state: State, facts: Facts) -> State | None:
    if analysis.skip_analysis or facts.primary == "ready":
        return None
    if facts.primary != "stuck":
        return state
    if state.phase not in (PROMOTING, FINALISING):
        return rolled_back(state)
    ended = replace(rolled_back(state), status_weight=TOTAL)
    return ended.routed(TOTAL)  # the half-promoted primary is broken: only the canary serves


def _start(_: Analysis, state: State, facts: Facts) -> State | None:
    if state.phase in _MOVING:
        return None
    fresh = replace(_fresh(state), pending=False)
    return fresh if facts.confirm_rollout else replace(fresh, phase=WAITING)


def _restart(_: Analysis, state: State, __: Facts) -> State | None:
    if state.phase not in _ANALYSED or not state.pending:
        return None
    return replace(_fresh(state).routed(0), pending=False)


def _fresh(state: State) -> State:
    return replace(state, phase=PROGRESSING, status_weight=0, failed_checks=0, iterations=0)


def _canary(_: Analysis, state: State, facts: Facts) -> State | None:
    if facts.canary == "stuck":
        return rolled_back(state)
    return state if facts.canary == "not_ready" else None


def _skip(analysis: Analysis, state: State, _: Facts) -> State | None:
    if not analysis.skip_analysis:
        return None
    return replace(state.routed(0), phase=SUCCEEDED, status_weight=0, iterations=0)


def _hook(_: Analysis, state: State, facts: Facts) -> State | None:
    fires = facts.rollback_hook and state.phase in _ANALYSED
    return rolled_back(state) if fires else None


def _finish(analysis: Analysis, state: State, _: Facts) -> State | None:
    if state.phase == FINALISING:
        return replace(state, phase=SUCCEEDED, status_weight=0, iterations=0)
    if state.phase != PROMOTING:
        return None
    step = analysis.step_weight_promotion
    if step > 0 and state.canary_weight == 0:
        return state  # there is no traffic that steps could move, so it waits for ever
    left = 0 if step == 0 else max(state.canary_weight - step, 0)
    if left == 0:
        return replace(state.routed(0), phase=FINALISING, status_weight=0, iterations=0)
    return replace(state.routed(left), status_weight=left)


def _give_up(analysis: Analysis, state: State, _: Facts) -> State | None:
    return rolled_back(state) if state.failed_checks >= analysis.failures_allowed else None


def _check(analysis: Analysis, state: State, facts: Facts) -> State | None:
    unseen = state.canary_weight == 0 and state.iterations == 0
    blind = unseen and not (analysis.mirror and state.mirrored)
    good = facts.pre_rollout if blind else facts.checks_pass
    return None if good else replace(state, failed_checks=state.failed_checks + 1)


def _advance(analysis: Analysis, state: State, facts: Facts) -> State:
    if analysis.strategy != "canary":
        return _iterate(analysis, state, facts)
    if analysis.next_step(state.canary_weight) <= 0:
        return state
    asks = not state.mirrored and state.phase != WAITING_PROMOTION
    if asks and not facts.confirm_traffic_increase:
        return state
    if state.canary_weight >= analysis.top_weight:
        return _promote(analysis, state, facts)
    return _raise(analysis, state)


def _raise(analysis: Analysis, state: State) -> State:
    if analysis.mirror and state.canary_weight == 0 and not state.mirrored:
        return replace(state.routed(0, mirrored=True), status_weight=0)
    weight = min(state.canary_weight + analysis.next_step(state.canary_weight), TOTAL)
    return replace(state.routed(weight), status_weight=weight)


def _promote(analysis: Analysis, state: State, facts: Facts) -> State:
    if facts.confirm_promotion:
        return replace(state, phase=PROMOTING)
    waits = replace(state, phase=WAITING_PROMOTION, iterations=analysis.iterations - 1)
    entered = state.phase != WAITING_PROMOTION
    return replace(waits, status_weight=0) if entered else waits


def _iterate(analysis: Analysis, state: State, facts: Facts) -> State:
    """Count an iteration up to the last; a closed gate takes one back, so it is run again."""
    shadow = analysis.strategy == "blue-green"
    done, last = state.iterations + 1, state.iterations == analysis.iterations
    if state.iterations < analysis.iterations:
        if not shadow:
            return replace(state.routed(TOTAL), iterations=done)
        mirrored = state.mirrored or analysis.mirror
        return replace(state, mirrored=mirrored, iterations=done)
    if facts.confirm_promotion and shadow and last:
        return replace(state.routed(TOTAL), iterations=done)
    if facts.confirm_promotion and not shadow and not last:
        return state
    return _promote(analysis, state, facts)
