"""Strict TOML <-> values; builds the core objects from them."""
