"""Composes a scenario with a driver: run, compare, score, report."""

from simcert.lab.compare import compare
from simcert.lab.replay import Replayed, replay
from simcert.lab.run import RunResult, run
from simcert.lab.study import Study

__all__ = ["Replayed", "RunResult", "Study", "compare", "replay", "run"]
