"""`tune`: searches a policy's parameters, then asks fresh days whether the find was luck."""

from simcert.lab.tune.result import Tuned
from simcert.lab.tune.study import tune

__all__ = ["Tuned", "tune"]
