"""`validate`: everything that a policy owes, flown and judged, in one sealed document."""

from simcert.lab.validate.document import Validated, validate

__all__ = ["Validated", "validate"]
