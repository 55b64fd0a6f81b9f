"""`regress`: what policies do now against what somebody has looked at and committed."""

from simcert.lab.regress.gate import Regression, flown, refuse_in_ci, regress, update

__all__ = ["Regression", "flown", "refuse_in_ci", "regress", "update"]
