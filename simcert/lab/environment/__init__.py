"""`environment`: a rollout as a Gymnasium environment; importing it registers the name there."""

from simcert.lab.environment.env import ID, RolloutEnv
from simcert.lab.environment.view import NAMES

__all__ = ["ID", "NAMES", "RolloutEnv"]
