"""The earlier address of `simcert.lab.environment.NAMES`, for agents that were written with it."""

from simcert.lab.environment.view import NAMES

__all__ = ["NAMES"]
