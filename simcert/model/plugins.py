"""Plugins: policies and detectors that other distributions offer by entry point, loaded late.

A distribution offers one in its `pyproject.toml`, and it is then known by that name everywhere:

    [project.entry-points."simcert.policies"]
    greedy = "greedy_policy:Greedy"
"""

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from simcert.errors import PluginError

GROUPS = {
    "simcert.policy": ("policy", "simcert.policies", ("tags", "channels", "decide")),
    "simcert.detect": ("detector", "simcert.detectors", ("update", "reading", "from_dict")),
}
"""Catalogue: what it holds, the group of its entry points, and what a class must have at least."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """One entry point; nothing of it is imported before `load`."""

    kind: str
    entry: EntryPoint
    needs: tuple[str, ...]

    @property
    def owner(self) -> str:
        """The distribution that offers it, with its version."""
        dist = self.entry.dist
        return f"distribution {dist.name} {dist.version}" if dist else "an unknown distribution"

    def load(self) -> type:
        """Return the class; PluginError names the distribution if that is impossible."""
        try:
            found = self.entry.load()
        except (Exception, SystemExit) as error:
            raise self._broken(f"{self.entry.value} cannot be imported: {error!r}") from error
        if not isinstance(found, type):
            raise self._broken(f"{self.entry.value} is no class")
        lacking = [name for name in self.needs if not hasattr(found, name)]
        if self.kind == "policy" and not hasattr(found, "__dataclass_fields__"):
            raise self._broken(f"{self.entry.value} is no dataclass")
        if lacking:
            raise self._broken(f"{self.entry.value} has no {', no '.join(lacking)}")
        return found

    def _broken(self, why: str) -> PluginError:
        return PluginError(
            f'{self.kind} "{self.entry.name}" of {self.owner}: {why}; mend or uninstall it'
        )


def installed(package: str) -> dict[str, tuple[Plugin, ...]]:
    """Return {name: who offers it} for a catalogue; more than one is a clash."""
    if package not in GROUPS:
        return {}
    kind, group, needs = GROUPS[package]
    offered: dict[str, tuple[Plugin, ...]] = {}
    for entry in entry_points(group=group):
        offered[entry.name] = (*offered.get(entry.name, ()), Plugin(kind, entry, needs))
    return offered
