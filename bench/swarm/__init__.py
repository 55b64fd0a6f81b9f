"""A fleet in virtual time, with everything failing by seed: control and Redis client are real."""
