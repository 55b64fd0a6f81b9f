"""Ground truth: populations, traffic, feedback, incidents and faults."""

from simcert.world.truth import truth_of

__all__ = ["truth_of"]
