"""Ground truth: populations, traffic, feedback, incidents and faults."""
