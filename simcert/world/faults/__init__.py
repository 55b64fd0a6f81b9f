"""Catalogue of faults: one per file, found by its stem."""

from simcert.model import discovery


def discover() -> discovery.Catalogue:
    """Return {file stem: class} of every file in this folder."""
    return discovery.discover(__name__)
