"""SimPy driver: world and rollout in virtual time."""

from simcert.sim.driver import simulate
from simcert.sim.fidelity import refusals
from simcert.sim.flight import Flight
from simcert.sim.limits import excess
from simcert.sim.records import Watch

__all__ = ["Flight", "Watch", "excess", "refusals", "simulate"]
