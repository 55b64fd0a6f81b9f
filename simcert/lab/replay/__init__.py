"""`replay`: the windows of a journal, decided again; and a journal as tables and figures."""

from simcert.lab.replay.decide import Replayed, replay
from simcert.lab.replay.recorded import Recorded, recorded

__all__ = ["Recorded", "Replayed", "recorded", "replay"]
