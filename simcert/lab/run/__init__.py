"""`run`: one rollout of one policy through one scenario, with one seed, and what it left."""

from simcert.lab.run.result import RunResult, run

__all__ = ["RunResult", "run"]
