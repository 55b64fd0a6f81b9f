"""Composes a scenario with a driver: run, compare, score, report."""

from simcert.lab.compare import Study, compare
from simcert.lab.population import Population
from simcert.lab.predict import Forecast, forecast
from simcert.lab.replay import Recorded, Replayed, recorded, replay
from simcert.lab.run import RunResult, run
from simcert.lab.tune import Tuned, tune
from simcert.lab.validate import Validated, validate

__all__ = [
    "Forecast",
    "Population",
    "Recorded",
    "Replayed",
    "RunResult",
    "Study",
    "Tuned",
    "Validated",
    "compare",
    "forecast",
    "recorded",
    "replay",
    "run",
    "tune",
    "validate",
]
