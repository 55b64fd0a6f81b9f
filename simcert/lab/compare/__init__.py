"""`compare`: every policy flies the same days over worker processes; what that batch says."""

from simcert.lab.compare.paired import compare
from simcert.lab.compare.study import Study

__all__ = ["Study", "compare"]
