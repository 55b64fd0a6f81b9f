"""The catalogue: measured configurations by `stack` name, population profiles as `profile:<id>`."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from simcert.tls.client import Client
from simcert.tls.profiles import mix_sources, mixes, profiles
from simcert.tls.stacks import families, family, measured

__all__ = ["catalogue", "families", "family", "measured", "mix_sources", "mixes", "profiles"]


@cache
def catalogue() -> Mapping[str, Client]:
    """Return every client by name; `Client.measured` keeps the two kinds apart."""
    return MappingProxyType({**measured(), **profiles()})
