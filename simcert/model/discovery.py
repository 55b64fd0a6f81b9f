"""The one loader: every module of a catalogue package is one thing, named by its file stem."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from simcert.errors import ContractError, UnknownNameError


@cache
def discover(package: str) -> dict[str, type]:
    """Return {file stem: its public class} of a package; a stem starting with `_` is private.

    A catalogue file holds exactly one public class that it defines itself; ContractError if not.
    """
    modules = sorted(m.name for m in iter_modules(import_module(package).__path__))
    return {stem: _only_class(f"{package}.{stem}") for stem in modules if stem[0] != "_"}


def build(package: str, kind: str, stem: str, **params: object) -> Any:  # noqa: ANN401 - by name
    """Return an instance of the class in file `stem`; UnknownNameError names the nearest stem."""
    known = discover(package)
    if stem not in known:
        raise UnknownNameError(kind, stem, known)
    return known[stem](**params)


def _only_class(module_name: str) -> type:
    module = import_module(module_name)
    own = [
        value
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module_name and name[0] != "_"
    ]
    if len(own) != 1:
        raise ContractError(f"{module_name} defines {len(own)} public classes, needs exactly 1")
    return own[0]
