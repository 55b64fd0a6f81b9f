"""Conformance suites: public plain functions that judge policies, detectors and adapters."""
