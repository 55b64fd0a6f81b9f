"""Safety layer: what no policy may do, whatever it wants; lowering is always allowed."""

from typing import NamedTuple

from simcert.control.plan import Plan
from simcert.errors import ContractError
from simcert.model import Decision, Kind, View


class Facts(NamedTuple):
    """What the safety layer knows beside the view."""

    plan: Plan
    authorised: float
    uses_evidence: bool
    age_s: float  # of the newest evidence, the feed's own lag taken off
    silence_s: float  # of the feed: a whole window without clients is news, but no evidence
    now_s: float


def check(decision: Decision, view: View, policy: str) -> None:
    """Raise ContractError for what is no decision, or one that contradicts itself."""
    given: object = decision  # a policy may be anybody's
    if not isinstance(given, Decision) or type(given.kind) is not Kind:
        raise ContractError(f"policy {policy}: decide returned no Decision: {decision!r:.200}")
    kind, exposure = decision.kind, decision.exposure
    broken = (
        (kind is Kind.ROLL_BACK and exposure != 0.0)
        or (kind is Kind.COMPLETE and exposure != 1.0)
        or (kind is Kind.HOLD and exposure != view.exposure)
        or (kind is Kind.RAISE and exposure <= view.exposure)
        or (kind is Kind.LOWER and exposure >= view.exposure)
    )
    if broken:
        raise ContractError(f"policy {policy}: {kind} from {view.exposure} to {exposure}")
    if not decision.reason:
        raise ContractError(f"policy {policy}: a {kind} without a reason")


def limit(decision: Decision, view: View, facts: Facts) -> Decision:
    """Return the decision as far as it is safe: clipped, held back, or taken to the safe exposure.

    A hold keeps what is authorised: a change on its way to the terminator goes on.
    """
    if decision.kind is Kind.HOLD:
        return _blind(decision, view, facts) or _same(decision, facts.authorised)
    if decision.kind in (Kind.LOWER, Kind.ROLL_BACK):
        return _no_higher(decision, view, facts.authorised)
    if decision.exposure > facts.plan.exposure_max:
        decision = Decision(
            max(facts.plan.exposure_max, min(view.exposure, facts.authorised)),
            f"{decision.reason}; clipped to the plan's {facts.plan.exposure_max:g}",
            Kind.HOLD if facts.plan.exposure_max <= view.exposure else Kind.RAISE,
            decision.memory,
        )
    doubt = veto(view, facts)
    if not doubt:
        return decision
    held = f"held: {doubt}; the policy wanted: {decision.reason}"
    held_decision = Decision(facts.authorised, held, Kind.HOLD, decision.memory)
    return _blind(held_decision, view, facts) or held_decision


def veto(view: View, facts: Facts) -> str:
    """Say why nothing may be raised now, or nothing."""
    plan = facts.plan
    if abs(view.exposure - facts.authorised) > plan.exposure_tolerance:
        return _unconfirmed(view, facts.authorised)
    if plan.deadline_s is not None and facts.now_s > plan.deadline_s:
        return f"{facts.now_s:.0f} s, and the deadline passed at {plan.deadline_s:g} s"
    if not facts.uses_evidence:
        return ""
    if view.assessment.refusal:
        return view.assessment.refusal
    if facts.age_s < -plan.window_s:
        return f"newest evidence is {-facts.age_s:.0f} s ahead of now: a clock is wrong"
    if facts.age_s > plan.stale_s:
        return f"newest evidence is {facts.age_s:.0f} s old, limit {plan.stale_s:g} s"
    return ""


def _blind(decision: Decision, view: View, facts: Facts) -> Decision | None:
    """Return the fall to the safe exposure if nothing usable was seen for too long."""
    plan = facts.plan
    if not facts.uses_evidence or facts.silence_s <= plan.blind_s:
        return None
    if view.exposure <= plan.safe_exposure:
        return None
    blind = f"blind for {facts.silence_s:.0f} s, limit {plan.blind_s:g} s"
    why = f"{blind}: down to the safe exposure {plan.safe_exposure:g}; up again when windows come"
    return Decision(plan.safe_exposure, why, Kind.LOWER, decision.memory)


def _no_higher(decision: Decision, view: View, authorised: float) -> Decision:
    """Return the decision, unless what is lower than the exposure in force is above the decided."""
    if decision.exposure <= authorised:
        return decision
    why = f"held: {_unconfirmed(view, authorised)}; the policy wanted: {decision.reason}"
    return Decision(authorised, why, Kind.HOLD, decision.memory)


def _unconfirmed(view: View, authorised: float) -> str:
    return f"{view.exposure:g} is in force, {authorised:g} was decided"


def _same(decision: Decision, authorised: float) -> Decision:
    if decision.exposure == authorised:
        return decision
    return Decision(authorised, decision.reason, Kind.HOLD, decision.memory)
