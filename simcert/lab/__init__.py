"""Composes a scenario with a driver: run, compare, score, report."""
