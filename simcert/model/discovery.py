"""The one loader: a catalogue is a package with one thing a file; plugins join it."""

import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from simcert.errors import ContractError, InputError, PluginError, UnknownNameError
from simcert.model.plugins import Plugin, installed

OUTSIDE = "simcert_outside_"  # how modules of files outside the catalogues are called


class Catalogue(Mapping[str, type]):
    """{stem: class} of a package's files and of plugins; a class is imported when asked for.

    A catalogue file holds exactly one public class that it defines itself, ContractError if not;
    PluginError names the distribution whose plugin cannot be used.
    """

    def __init__(self, package: str) -> None:
        stems = (m.name for m in iter_modules(import_module(package).__path__))
        self._package = package
        self._own = frozenset(stem for stem in stems if stem[0] != "_")
        self._plugins = installed(package)
        self._loaded: dict[str, type] = {}

    @property
    def plugins(self) -> tuple[str, ...]:
        """Names that come from other distributions."""
        return tuple(sorted(self._plugins))

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._own | self._plugins.keys()))

    def __len__(self) -> int:
        return len(self._own | self._plugins.keys())

    def __contains__(self, name: object) -> bool:
        return name in self._own or name in self._plugins

    def __getitem__(self, name: str) -> type:
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def _load(self, name: str) -> type:
        offered = self._plugins.get(name, ())
        if not offered:
            if name not in self._own:
                raise KeyError(name)
            return _own_class(import_module(f"{self._package}.{name}"), f"{self._package}.{name}")
        if name in self._own or len(offered) > 1:
            raise _clash(name, offered, built_in=name in self._own)
        return offered[0].load()


@cache
def discover(package: str) -> Catalogue:
    """Return the catalogue of a package; a stem starting with `_` is private."""
    return Catalogue(package)


def build(package: str, kind: str, stem: str, **params: object) -> Any:  # noqa: ANN401 - by name
    """Return an instance of the class named `stem`; UnknownNameError names the nearest."""
    known = discover(package)
    if stem not in known:
        raise UnknownNameError(kind, stem, known)
    return known[stem](**params)


@cache
def stem_of(cls: type) -> str:
    """Return what a class is called: as its plugin or its file; in a notebook by its own name."""
    home = cls.__module__
    if home == "__main__":
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
    if not home.startswith(("simcert.", OUTSIDE)):
        for package in ("simcert.policy", "simcert.detect"):
            for name in discover(package).plugins:
                if _is(discover(package), name, cls):
                    return name
    return home.rpartition(".")[2].removeprefix(OUTSIDE)


def _is(catalogue: Catalogue, name: str, cls: type) -> bool:
    try:
        return catalogue[name] is cls
    except PluginError:
        return False


def _clash(name: str, offered: tuple[Plugin, ...], *, built_in: bool) -> PluginError:
    owners = (["simcert itself"] if built_in else []) + [one.owner for one in offered]
    return PluginError(
        f'{offered[0].kind} "{name}" is offered by {" and by ".join(owners)}: '
        f"uninstall one, or rename the entry point"
    )


def class_in_file(path: Path) -> type:
    """Return the one public class that a Python file outside the catalogues defines.

    The file is run: trust it as you trust your own. InputError if it cannot be read or run,
    ContractError if it defines no such class, or several.
    """
    name = f"{OUTSIDE}{path.stem}"
    if path.is_dir():
        raise InputError(f"{path}: is a folder; give the path of a policy's .py file")
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise InputError(f"{path}: is no Python file; give the path of a policy's .py file")
    module = sys.modules[name] = module_from_spec(spec)  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise InputError(f"{path}:{error.lineno}: is no Python: {error.msg}") from error
    except (Exception, SystemExit) as error:
        raise InputError(f"{path}: cannot be imported: {error!r}") from error
    return _own_class(module, str(path))


def _own_class(module: ModuleType, place: str) -> type:
    own = [
        value
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__ and name[0] != "_"
    ]
    if len(own) != 1:
        names = f" ({', '.join(one.__name__ for one in own)})" if own else ""
        raise ContractError(
            f"{place}: defines {len(own)} public classes{names}, needs exactly 1; "
            "names of helpers begin with _"
        )
    return own[0]
