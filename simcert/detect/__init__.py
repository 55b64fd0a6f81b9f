"""Catalogue of detectors: one per file, found by its stem."""

from simcert.model import discovery


def discover() -> discovery.Catalogue:
    """Return {stem: class} of every file in this folder, and of installed plugins."""
    return discovery.discover(__name__)
