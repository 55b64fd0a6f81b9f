"""The one loader: every module of a catalogue package is one thing, named by its file stem."""

import sys
from functools import cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from simcert.errors import ContractError, InputError, UnknownNameError


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


def class_in_file(path: Path) -> type:
    """Return the one public class that a Python file outside the catalogues defines.

    The file is run: trust it as you trust your own. InputError if it cannot be read or run,
    ContractError if it defines no such class, or several.
    """
    name = f"simcert_outside_{path.stem}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise InputError(f"{path}: is no Python file; give the path of a policy's .py file")
    module = sys.modules[name] = module_from_spec(spec)  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise InputError(f"{path}: cannot be imported: {error!r}") from error
    return _own_class(module, str(path))


def _only_class(module_name: str) -> type:
    return _own_class(import_module(module_name), module_name)


def _own_class(module: ModuleType, place: str) -> type:
    module_name = module.__name__
    own = [
        value
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module_name and name[0] != "_"
    ]
    if len(own) != 1:
        raise ContractError(f"{place}: defines {len(own)} public classes, needs exactly 1")
    return own[0]
