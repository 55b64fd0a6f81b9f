"""Composes a scenario with a driver: run, compare, score, report."""

from simcert.lab.compare import compare
from simcert.lab.population import Population
from simcert.lab.predict import Forecast, forecast
from simcert.lab.recorded import Recorded, recorded
from simcert.lab.replay import Replayed, replay
from simcert.lab.run import RunResult, run
from simcert.lab.study import Study
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
