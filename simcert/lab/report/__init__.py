"""`report`: a result folder as one HTML page that needs no network; the verdict in words first."""

from simcert.lab.report.pages import NAME, to_dict, write

__all__ = ["NAME", "to_dict", "write"]
