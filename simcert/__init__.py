"""simcert: a wind tunnel for certificate rotations, and the controller that flies them.

Public names load on first use, so that `import simcert` costs next to nothing.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "load_scenario": "simcert.scenario",
    "run": "simcert.lab",
    "compare": "simcert.lab",
}

__all__ = ["__version__", "compare", "load_scenario", "run"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - PEP 562
    if name not in _HOME:
        raise AttributeError(f"module 'simcert' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
