"""SimPy driver: world and rollout in virtual time."""
