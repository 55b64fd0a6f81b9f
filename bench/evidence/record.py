"""Exact limits, the digest of a setting, and how a proof is written down."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from platform import python_version
from typing import Any

import numpy as np
from scipy.special import betaincinv
from scipy.stats import binom

from bench._results import machine, versions
from simcert.detect import discover
from simcert.policy.adaptive import Adaptive

DECIDING = (
    *("alpha", "alpha_bound", "alpha_again", "delta_safe", "budget", "overshoot", "mid", "top"),
    *("back_off", "back_off_windows", "suspicious_e", "suspicious_segment_e", "hold_e"),
    *("hold_alert_e", "hold_segment_e", "hold_windows", "failure_limit", "alert_limit"),
    *("segment_limit", "attempts_max"),
)
"""Parameters of the policy that decide in the harness; the others need what it does not model."""
FOLDER = Path(__file__).parents[2] / "results" / "evidence"
Z95 = 1.6448536269514722


@dataclass(frozen=True)
class Bar:
    """A figure against its limit, None if it is only reported; `more`: what else was measured."""

    bar: str
    value: float
    limit: float | None
    n: int
    seeds: Sequence[int]
    at_least: bool = False
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether the figure keeps its limit; nothing measured is not kept."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def entry(self, command: str) -> dict[str, Any]:
        """Return JSON values."""
        judged: dict[str, Any] = {"bar": self.bar, "value": self.value}
        if self.limit is not None:
            judged |= {"limit": self.limit, "passed": self.passed}
        return {**judged, "n": self.n, "seeds": list(self.seeds), "command": command, **self.more}

    def __str__(self) -> str:
        if self.limit is None:
            return f"{self.bar:62s} {self.value:10.4g} reported"
        sign, word = (">=" if self.at_least else "<="), ("ok" if self.passed else "MISSED")
        return f"{self.bar:62s} {self.value:10.4g} {sign} {self.limit:<8.4g} {word}"


def upper_share(hits: int, n: int, confidence: float) -> float:
    """Return the one-sided Clopper-Pearson upper limit of a share."""
    return 1.0 if hits >= n else float(betaincinv(hits + 1, n - hits, confidence))


def lower_share(hits: int, n: int, confidence: float) -> float:
    """Return the one-sided Clopper-Pearson lower limit of a share."""
    return 0.0 if hits == 0 else float(betaincinv(hits, n - hits + 1, 1.0 - confidence))


def share_limits(hits: int, n: int) -> tuple[float, float]:
    """Return both Clopper-Pearson limits of a share, 95 % together."""
    return lower_share(hits, n, 0.975), upper_share(hits, n, 0.975)


def median_limits(values: Iterable[float], confidence: float) -> tuple[float, float]:
    """Return the lower and the upper one-sided limit of a median: order statistics, exact.

    At least `confidence` each, whatever the law; a value that is infinite counts as never.
    """
    ordered = sorted(values)
    above = int(binom.ppf(confidence, len(ordered), 0.5))  # so many of n may lie below it
    if above >= len(ordered):
        raise ValueError(f"{len(ordered)} values cannot bound a median at {confidence:g}")
    return float(ordered[-1 - above]), float(ordered[above])


def ratio_limit(
    over: np.ndarray, under: np.ndarray, rng: np.random.Generator, draws: int = 4000
) -> float:
    """Return the one-sided 95 % limit of a ratio of medians, by the percentile bootstrap."""
    ratios = [
        np.median(rng.choice(over, len(over))) / np.median(rng.choice(under, len(under)))
        for _ in range(draws)
    ]
    return float(np.quantile(ratios, 0.95))


def setting_digest(policy: Adaptive | None = None, among: Sequence[str] | None = None) -> str:
    """Return the digest of a setting: parameters of the policy, and detectors as built.

    `among` keeps only the channels that a harness models, and leaves out what they do not use.
    """
    policy = policy or Adaptive()
    built = [
        (channel.name, channel.weight, discover()[channel.detector](**channel.params))
        for channel in policy.channels()
        if among is None or channel.name in among
    ]
    values = asdict(policy)
    if among is not None:
        values = {name: values[name] for name in DECIDING}
    return sha256(f"{values!r} {built!r}".encode()).hexdigest()


def write(name: str, bars: Sequence[Bar]) -> None:
    """Write `results/evidence/<name>.json`; what has no limit stands under `reported`."""
    command = f"python -m bench.evidence --bar {name.removeprefix('bar_')}"
    reported = [bar.entry(command) for bar in bars if bar.limit is None]
    result = {
        "name": name,
        "bars": [bar.entry(command) for bar in bars if bar.limit is not None],
        **({"reported": reported} if reported else {}),
        "machine": machine(),
        "versions": {"python": python_version(), **versions()},
        "policy_digest": setting_digest(),
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def progress(text: str) -> None:
    """Say what is being measured."""
    print(text, file=sys.stderr, flush=True)
