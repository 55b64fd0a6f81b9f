"""From rows of flights to checks: a figure, its limit, and a verdict that says how sure it is.

Shares come with exact (Clopper-Pearson) limits, each one-sided at level 0.95.
Null days of different scenarios are pooled: for rare events the binomial limit also holds for the
average of unequal probabilities (Hoeffding 1956).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from simcert.checks.suite import Result, judge_policy
from simcert.lab.compare.study import Study
from simcert.lab.setup import Setup
from simcert.lab.validate.campaigns import Size, kind_of
from simcert.model import Policy

MET_MIN = 0.9  # share of days on which a scenario's expectations must be met
MISSED_MAX = 0.1  # share of days on which a certificate that harms may go out to the end
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the document; `n` days (or checks) stand behind the figure."""

    name: str
    verdict: str  # of model.Verdict: pass, fail, inconclusive, error
    figure: float | None
    limit: float | None
    n: int
    about: str

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


def exact_upper(hits: int, n: int) -> float:
    """Return the upper Clopper-Pearson limit of a share, one-sided; 1 of nothing."""
    from scipy.special import betaincinv

    return 1.0 if hits >= n else float(betaincinv(hits + 1, n - hits, LEVEL))


def exact_lower(hits: int, n: int) -> float:
    """Return the lower limit of a share, one-sided; 0 of nothing."""
    return 1.0 - exact_upper(n - hits, n)


def conformance(policy: Policy) -> list[Check]:
    """Return the public conformance suite's verdict on this policy with these parameters."""
    return [_conforms(one) for one in judge_policy(as_class(policy))]


def _conforms(one: Result) -> Check:
    broken = float(not one.passed)
    return Check(f"conformance/{one.check}", _passed(one.passed), broken, 0.0, 1, one.message)


def as_class(policy: Policy) -> type[Policy]:
    """Return a class whose only instance is this policy: the suite makes its own by `cls()`."""
    cls: Any = type(policy)

    class Same(cls):  # type: ignore[misc]
        __slots__ = ()

        def __init__(self) -> None:
            for one in fields(cls):
                object.__setattr__(self, one.name, getattr(policy, one.name))

    Same.__module__, Same.__name__ = cls.__module__, cls.__name__
    return Same


def expectations(study: Study, prefix: str = "") -> list[Check]:
    """Return for each scenario the share of days on which all that it expects was met."""
    return [_expectation(setup, study, prefix or kind_of(setup.scenario)) for setup in study.setups]


def _expectation(setup: Setup, study: Study, kind: str) -> Check:
    stem, rows = setup.scenario.stem, study.of(setup)
    name, n, met = f"{kind}/{stem}", len(rows), sum(bool(row["expect_met"]) for row in rows)
    if n < study.planned:
        crashed = f"{study.planned - n} of {study.planned} days crashed"
        return Check(name, "error", None, MET_MIN, n, crashed)
    share = met / n
    verdict = "pass" if share >= MET_MIN else "inconclusive"
    if exact_upper(met, n) < MET_MIN:
        verdict = "fail"
    low, high = exact_lower(met, n), exact_upper(met, n)
    about = f"{met} of {n} days as expected, exact interval {low:.3f} to {high:.3f}"
    return Check(name, verdict, share, MET_MIN, n, about)


def false_rollbacks(study: Study, size: Size) -> Check:
    """Return whether the exact upper limit of false rollbacks on null days is within the limit."""
    rows = [row for setup in study.setups for row in study.of(setup)]
    n, limit = len(rows), size.false_rollback_max
    hits = sum(bool(row["false_rollback"]) for row in rows)
    upper, planned = exact_upper(hits, n), study.planned * len(study.setups)
    about = f"{hits} of {n} null days withdrawn; figure: exact upper limit, level {LEVEL:g}"
    if n < planned:
        return Check("null/false_rollback", "error", None, limit, n, f"{planned - n} days crashed")
    verdict = "pass" if upper <= limit else "inconclusive"
    if exact_lower(hits, n) > limit:
        verdict = "fail"
    return Check("null/false_rollback", verdict, upper, limit, n, about)


def missed(study: Study) -> Check:
    """Return the share of days on which a certificate that harms went out to the end."""
    harmful = [setup for setup in study.setups if setup.truth.harmful]
    rows = [row for setup in harmful for row in study.of(setup)]
    n, hits, limit = len(rows), sum(bool(row["missed"]) for row in rows), MISSED_MAX
    if not n:
        return Check("missed", "no_data", None, limit, 0, "no scenario of the suite harms anybody")
    share = hits / n
    where = {row["scenario"] for row in rows if row["missed"]}
    about = (
        f"{hits} of {n} days that harm went out{': ' if where else ''}{', '.join(sorted(where))}"
    )
    return Check("missed", _passed(share <= limit), share, limit, n, about)


def overall(checks: Sequence[Check]) -> str:
    """Return the verdict on all: as good as the worst; only `pass` lets a policy fly."""
    seen = {one.verdict for one in checks}
    return next((v for v in ("error", "fail", "inconclusive") if v in seen), "pass")


def _passed(passed: bool) -> str:
    return "pass" if passed else "fail"
