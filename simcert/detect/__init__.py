"""Catalogue of detectors: one per file, found by its stem."""

from simcert.detect._merge import Merging
from simcert.detect._state import Stateful
from simcert.detect._windowed import Windowed
from simcert.model import discovery

__all__ = ["Merging", "Stateful", "Windowed", "discover"]


def discover() -> discovery.Catalogue:
    """Return {stem: class} of every file in this folder, and of installed plugins."""
    return discovery.discover(__name__)
