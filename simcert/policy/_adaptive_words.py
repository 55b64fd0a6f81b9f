"""What `adaptive` says: each sentence with value, limit, one n, and what would change it."""

from simcert.model import Phase, View
from simcert.model.figures import apart, at_most, figure, names
from simcert.policy import _adaptive_back as back
from simcert.policy import _adaptive_readings as read
from simcert.policy._adaptive_culprits import culprits
from simcert.policy._adaptive_ramp import Room

FRESH = "up again by a fresh bound"
BY_HAND = "back only by an operator's abort"
STANDS = {
    Phase.COMPLETE: "complete: everybody gets the new certificate",
    Phase.ROLLED_BACK: "rolled back: nobody gets the new certificate",
    Phase.PAUSED: "paused: the exposure stays",
}


def stands(view: View) -> str:
    """Say that only an operator changes anything; no figure does."""
    return f"{STANDS[view.phase]} (n = {view.assessment.n_new}) until an operator acts"


def refused(view: View) -> str:
    """Say why the evidence may not be used, as the analyzer says it."""
    return f"no decision: {view.assessment.refusal}"


def proof(view: View, alpha: float, after: str) -> str:
    """Say why the new certificate is withdrawn, who is harmed, what helps, and what comes after."""
    a = view.assessment
    named = names(culprits(a, alpha)) or "no single segment"
    failed = f"n = {a.n_new}, {a.failed_new} failed; old arm {a.failed_old} of {a.n_old}"
    proven = f"{read.proven(a, alpha)} ({failed})"
    said = f"roll back: {proven}; culprits: {named}; {read.advice(a)}; {after}"
    return said + back.remark(view)


def no_way_back(view: View, alpha: float, worse: str) -> str:
    """Say that the evidence is there, and why going back would harm more."""
    a = view.assessment
    against = f"{read.proven(a, alpha)} (n = {a.n_new})"
    return f"no way back: {against}, but {worse}; an operator decides; {read.advice(a)}"


def suspected(view: View, doubt: read.Doubt, alpha: float, to: float | None, worse: str) -> str:
    """Say what looks bad, whether it goes down for it, and what brings it up or to zero."""
    head = "hold" if to is None else f"back off to {to:g}"
    here = f"; not down, for {worse}" if worse else ""
    proof_at = figure(1.0 / alpha)
    now = "" if doubt.is_evidence else f" (now {figure(read.e_value(view.assessment.log_e))})"
    ends = "" if worse else f", rolled back at e-value {proof_at}{now}"
    return f"{head}: {doubt.said} (n = {doubt.n}){here}; {FRESH}{ends}"


def backed_off(view: View, until_s: float, all_s: float) -> str:
    """Say how long a suspicion that was answered still keeps the exposure down."""
    left_s, n = until_s - view.now_s, view.assessment.n_new
    return f"backed off: {left_s:.0f} of {all_s:.0f} s to go (n = {n}); then {FRESH}"


def predicted(view: View, share: float, limit: float) -> str:
    """Say why a rollout does not even start."""
    told, most = apart(share, limit)
    said = f"not started: predicted to break {told} of clients, limit {most}"
    return f"{said} (n = {view.assessment.n_new}); change the chain, or prior_max"


def no_traffic(view: View) -> str:
    """Say that no step can be reckoned without a rate."""
    rate = "0 units a second were seen, a step needs more than 0"
    return f"hold: {rate} (n = {view.assessment.n_new}); goes on when clients come"


def calm_awaited(view: View, doubt: str, twice_s: float | None) -> str:
    """Say what forbids a step up, and when it is dared in spite of it, if it is."""
    closer = "" if twice_s is None else f", or for a closer look in {twice_s:.0f} s"
    return f"hold: {doubt} (n = {view.assessment.n_new}); up when it falls{closer}"


def closer_look(exposure: float, doubt: str) -> Room:
    """Return the room for a step that is dared in spite of a doubt, to learn more."""
    return Room(exposure, lambda: f"a closer look at {doubt} allows", "further when it falls")


def stays(view: View, room: Room, step: float) -> str:
    """Say what is allowed, and that a step worth its while needs more."""
    allowed, needed = apart(room.exposure, step)
    why = f"{room.why()} {allowed}, a step needs {needed} (n = {view.assessment.n_new})"
    return f"hold {figure(view.exposure)}: {why}; {room.more}"


def raised(view: View, wanted: float, room: Room, stale: str) -> str:
    """Say how far it goes, and what allows that and no more."""
    to, allowed = apart(wanted, room.exposure)
    return (
        f"raise to {to}: {room.why()} {allowed}{stale} (n = {view.assessment.n_new}); {room.more}"
    )


def soaking(view: View, left_s: float, calm: str, hold_e: float) -> str:
    """Say how long the soak still takes, and what forbids its end if anything does."""
    a, soak_s = view.assessment, view.progress.soak_s
    quiet = f"evidence e-value {at_most(read.e_value(a.log_e), hold_e)}"
    ends = "complete when it falls" if calm else "then complete"
    what = f"soak at {figure(view.exposure)}: {max(left_s, 0.0):.0f} of {soak_s:.0f} s to go"
    return f"{what}, {calm or quiet} (n = {a.n_new}); {ends}"


def uncovered(view: View, waited_s: float, most_s: float) -> str:
    """Say which known segments did not come back during the soak."""
    away = view.assessment.reading("coverage")
    many = f"{len(away.detail)} known segments not seen: {names(sorted(away.detail))}"
    waited = f"waited {waited_s:.0f} of at most {most_s:.0f} s for {many}"
    soak = f"soak at {figure(view.exposure)}: {waited} (n = {away.n})"
    return f"{soak}; complete when they come, or then"


def all_clear(view: View, soaked_s: float, hold_e: float) -> str:
    """Say on what the new certificate is served to everybody, and who never came to meet it."""
    a, away = view.assessment, sorted(view.assessment.reading("coverage").detail)
    soaked = f"soaked {soaked_s:.0f} of {view.progress.soak_s:.0f} s"
    quiet = f"evidence e-value {at_most(read.e_value(a.log_e), hold_e)} (n = {a.n_new})"
    unmet = f", never met: {names(away)}" if away else ""
    return f"complete: {soaked}, {quiet}{unmet}; {BY_HAND}"
