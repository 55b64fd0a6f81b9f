"""Conformance suites: public plain functions that judge policies, detectors and adapters."""

from simcert.checks.peers import peer_case

__all__ = ["peer_case"]
