"""The checks of a validation as lines of a picture: shares of days with their exact limits."""

from collections.abc import Mapping, Sequence
from typing import Any

from simcert.lab.figures.tune import Bar
from simcert.lab.validate.checks import exact_lower, exact_upper

SHARES = ("scenario", "incident", "attack", "fault")


def bars(checks: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """Return the share of days of each scenario, the worst first."""
    kinds = (one["name"].partition("/")[0] for one in checks)
    told = [one for one, kind in zip(checks, kinds, strict=True)
            if kind in SHARES and one["figure"] is not None]  # fmt: skip
    made = []
    for one in sorted(told, key=lambda one: (one["figure"], one["name"])):
        hits, n = round(one["figure"] * one["n"]), one["n"]
        limits = (exact_lower(hits, n), exact_upper(hits, n))
        made.append(Bar(one["name"], one["figure"], limits, one["verdict"]))
    return made
