"""The rig of the live tests, for benchmarks: a real HAProxy, real clients, a controller."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "live"))

from live_fleet import FleetRig, Redis
from live_nginx import Nginx, Site, served_new
from live_rig import Rig, controller, ended, entries, finished, free_port, until

__all__ = [
    "FleetRig",
    "Nginx",
    "Redis",
    "Rig",
    "Site",
    "controller",
    "ended",
    "entries",
    "finished",
    "free_port",
    "served_new",
    "until",
]
