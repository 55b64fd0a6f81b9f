"""Strict TOML <-> values; builds the core objects from them."""

from simcert.scenario.load import load_scenario, stems
from simcert.scenario.schema import Scenario

__all__ = ["Scenario", "load_scenario", "stems"]
