"""Kayenta's judge (NetflixACAJudge-v1.0): metrics classified, scored, and judged over time.

A metric is High or Low only if its whole interval lies beyond a share of its *own estimate*: a
second margin of significance, not one of equivalence. Production constants are the defaults.
Source: spinnaker/kayenta, kayenta-judge and standalone-canary-analysis (Apache-2.0).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
from scipy.special import ndtri

from simcert.policy._peers import kayenta_stats as stats
from simcert.policy._peers.kayenta_stats import Floats

PASS, HIGH, LOW, NODATA = "Pass", "High", "Low", "Nodata"
NODATA_FAIL, ERROR = "NodataFailMetric", "Error"
MARGINAL, FAIL = "Marginal", "Fail"
_NOISE = 1e-5  # of the value: enough to break ties between two constant arrays


@dataclass(frozen=True, slots=True)
class MetricConfig:
    """How one metric is judged; `direction` is the one that harms."""

    tolerance: float = 0.25
    confidence: float = 0.98
    direction: str = "either"
    effect_size: str = "meanRatio"
    allowed_increase: float = 1.0
    allowed_decrease: float = 1.0
    critical_increase: float = 1.0
    critical_decrease: float = 1.0
    nan_strategy: str = "remove"
    critical: bool = False
    must_have_data: bool = False


@dataclass(frozen=True, slots=True)
class Classified:
    """Verdict on one metric: `deviation` is the effect size, `interval` (low, high, estimate)."""

    classification: str
    critical: bool = False
    deviation: float = math.nan
    interval: tuple[float, float, float] | None = None
    reason: str = ""


def classify(experiment: Floats, control: Floats, config: MetricConfig) -> Classified:
    """Return the verdict on `experiment` against `control`; an impossible interval is an Error."""
    early = _without_test(experiment, control, config)
    if early is not None:
        return early
    x, y = _untied(experiment, control)
    try:
        found = stats.interval(x, y, config.confidence)
    except stats.AllTiedError as error:
        return Classified(ERROR, reason=str(error))
    measure = stats.cles if config.effect_size == "cles" else stats.mean_ratio
    effect = measure(x, y)
    verdict = _direction(found, effect, config)
    critical = config.critical and _beyond(verdict, effect, config)
    return Classified(verdict, critical, effect, found, _reason(verdict))


def _reason(verdict: str) -> str:
    return "" if verdict == PASS else f"the metric was classified as {verdict}"


def _without_test(x: Floats, y: Floats, config: MetricConfig) -> Classified | None:
    if not len(x) or not len(y):
        return _no_data(config)
    if len(x) == len(y) and bool((np.sort(x) == np.sort(y)).all()):
        return Classified(PASS, deviation=1.0, reason="both sides hold the same values")
    single = len(np.unique(np.concatenate([x, y]))) == 1
    return Classified(PASS, deviation=1.0) if single else None


def _no_data(config: MetricConfig) -> Classified:
    if config.nan_strategy != "remove":
        return Classified(PASS, deviation=1.0)
    fails = config.must_have_data and not config.critical
    label = NODATA_FAIL if fails else NODATA
    return Classified(label, config.critical, reason="missing data on at least one side")


def _untied(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return the arrays, spread a little if both are constant; fixed quantiles stand for noise."""
    if len(np.unique(x)) > 1 or len(np.unique(y)) > 1:
        return x, y
    return _spread(x), _spread(y)


def _spread(data: Floats) -> Floats:
    z = ndtri((np.arange(len(data)) + 0.5) / len(data))
    return np.asarray(data + _NOISE * np.abs(data) * z, float)


def _direction(found: tuple[float, float, float], effect: float, config: MetricConfig) -> str:
    low, high, estimate = found
    bound = config.tolerance * abs(estimate)
    more = math.isnan(effect) or effect >= config.allowed_increase
    if config.direction != "decrease" and low > bound and more:
        return HIGH
    less = math.isnan(effect) or effect <= config.allowed_decrease
    return LOW if config.direction != "increase" and high < -bound and less else PASS


def _beyond(verdict: str, effect: float, config: MetricConfig) -> bool:
    if verdict not in (HIGH, LOW):
        return False
    if math.isnan(effect):
        return True
    if verdict == HIGH:
        return effect >= config.critical_increase
    return effect <= config.critical_decrease


def classify_means(experiment: Floats, control: Floats, direction: str) -> str:
    """Return the verdict of the benchmark classifier, which only compares means."""
    if not len(experiment) or not len(control):
        return NODATA
    difference = float(experiment.mean() - control.mean())
    if difference > 0.0 and direction != "decrease":
        return HIGH
    return LOW if difference < 0.0 and direction != "increase" else PASS


@dataclass(frozen=True, slots=True)
class Judged:
    """One classified metric as the score sees it."""

    classification: str
    groups: tuple[str, ...] = ("all",)
    critical: bool = False
    muted: bool = False


def score(
    metrics: Sequence[Judged], group_weights: Mapping[str, float]
) -> tuple[float, dict[str, float]]:
    """Return (summary score, group scores), 0 to 100; weights in percent, the rest shared."""
    counted = [m for m in metrics if not m.muted]
    labels: dict[str, list[str]] = {}
    for metric in counted:
        for group in metric.groups:
            labels.setdefault(group, []).append(metric.classification)
    groups = {name: _group_score(found) for name, found in labels.items()}
    shown = {name: 0.0 if value is None else value for name, value in groups.items()}
    if _vetoed(counted):
        return 0.0, shown
    unweighted = [name for name in groups if name not in group_weights]
    rest = (100.0 - sum(group_weights.values())) / len(unweighted) if unweighted else 0.0
    total = sum(
        (100.0 if value is None else value) * group_weights.get(name, rest) / 100.0
        for name, value in groups.items()
    )
    return _rounded(total), shown


def _rounded(value: float) -> float:
    """Return the score with two decimals, its shortest decimal form rounded half up."""
    return float(Decimal(repr(value)).quantize(Decimal("0.01"), ROUND_HALF_UP))


def _group_score(labels: Sequence[str]) -> float | None:
    """Return the share of passes in percent; None where no metric of the group counts."""
    counted = [label for label in labels if label in (PASS, HIGH, LOW, NODATA_FAIL)]
    return 100.0 * counted.count(PASS) / len(counted) if counted else None


def _vetoed(metrics: Sequence[Judged]) -> bool:
    if any(m.critical and m.classification != PASS for m in metrics):
        return True
    missing = sum(m.classification == NODATA for m in metrics)
    return bool(metrics) and missing / len(metrics) >= 0.5


def score_class(value: float, passing: float, marginal: float) -> str:
    """Return the verdict that a score stands for."""
    if value >= passing:
        return PASS
    return MARGINAL if value >= marginal else FAIL


def stops(value: float, marginal: float | None) -> bool:
    """Return whether an interval's score ends the run: equal to the marginal score does."""
    return marginal is not None and value <= marginal


def did_pass(value: float, marginal: float | None, passing: float | None) -> bool:
    """Return the verdict of a whole run from its last score; a threshold not set asks nothing."""
    return not stops(value, marginal) and (passing is None or value >= passing)


def judgement_windows(
    interval: float,
    judgements: int,
    begin_after: float = 0.0,
    lookback: float = 0.0,
    start: float | None = None,
    end: float | None = None,
) -> list[tuple[float, float]]:
    """Return [start, end] of every judgement: growing, or sliding with a lookback."""
    first = start or 0.0
    first += begin_after if end is None else 0.0
    ends = [first + interval * (i + 1) for i in range(judgements)]
    return [(e - lookback if lookback > 0 else first, e) for e in ends]
