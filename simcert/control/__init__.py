"""The sans-IO heart: windowing, analyzer, controller, rollout, journal, shared protocols."""
