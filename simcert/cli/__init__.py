"""Argument parsing only; each command is one call."""
