"""When going back is worse than going on: the old certificate fails, or has ended."""

from simcert.model import Verdict, View
from simcert.model.figures import apart

FAIL = Verdict.FAIL
DAY_S = 86_400.0


def ended(view: View) -> bool:
    """Return whether the old certificate is accepted by nobody any more."""
    until_s = view.progress.old_until_s
    return until_s is not None and view.now_s >= until_s


def worse(view: View) -> str:
    """Say why the old certificate is no refuge, or nothing."""
    if ended(view):
        ago_s = view.now_s - (view.progress.old_until_s or 0.0)
        return f"the old certificate ended {_said(ago_s)} ago"
    old = view.assessment.reading("old_arm")
    if old.verdict is not FAIL:
        return ""
    share, floor = apart(old.value or 0.0, old.limit or 0.0)
    return f"the old certificate fails: {share} of {old.n} units, floor {floor}"


def left_s(view: View) -> float | None:
    """Return how long the old certificate still lives; None where nobody knows an end."""
    until_s = view.progress.old_until_s
    return None if until_s is None else max(until_s - view.now_s, 0.0)


def remark(view: View) -> str:
    """Return what a rollback must be told about the certificate that it goes back to."""
    left = left_s(view)
    if left is None:
        return ""
    return f"; the old certificate ends in {_said(left)}: get a third one by then"


def _said(span_s: float) -> str:
    """Return a span as people plan: whole days from two days on, rounded down, else seconds."""
    return f"{span_s:.0f} s" if span_s < 2 * DAY_S else f"{span_s // DAY_S:.0f} days"
