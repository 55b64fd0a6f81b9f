"""Every exception raised on purpose; the class says who must act.

- `SimcertError`
  - `InputError` - you: a value, file, name or option is wrong (exit 2)
    - `UnknownNameError` - you: no such policy, scenario, key, client, ...; the nearest is named
    - `FidelityError` - you: the scenario has a feature for which the chosen fidelity has no law
    - `MergeError` - you: two windows, or two states, that do not fit each other were joined
  - `MachineError` - the machine: server, network, disk, missing extra (exit 3)
    - `PluginError` - an installed distribution offers a policy or detector that cannot be used
  - `ContractError` - the author of a policy, detector or adapter: its duty was broken (exit 1)
"""

from collections.abc import Iterable
from difflib import get_close_matches

NEAR = 0.65  # ratio of equal letters from which on a name may be a misspelling of another
NAME_MAX = 80  # letters of a name in a message


class SimcertError(Exception):
    """Something that simcert foresaw; `exit_code` is what the command line returns."""

    exit_code = 1


class InputError(SimcertError, ValueError):
    """The user gave something unusable; the message names value, place and remedy."""

    exit_code = 2


class UnknownNameError(InputError, LookupError):
    """A name that does not exist; the message offers the nearest one that does."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        options = sorted(known)
        self.name = name
        self.nearest = nearest(name, options)
        hint = f'did you mean "{self.nearest}"?' if self.nearest else f"known: {listed(options)}"
        super().__init__(f'unknown {kind} "{shortened(name)}"; {hint}')


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was most likely meant, capitals aside; None if none is near."""
    folded = {one.casefold(): one for one in known}
    close = get_close_matches(shortened(name).casefold(), folded, n=1, cutoff=NEAR)
    return folded[close[0]] if close else None


def shortened(name: str) -> str:
    """Return a name that fits into a sentence: what is longer than any real one is cut."""
    return name if len(name) <= NAME_MAX else f"{name[:NAME_MAX]}..."


def cause(error: Exception) -> str:
    """Return what the system said, without the number that it has for that."""
    return getattr(error, "strerror", None) or str(error)


def listed(names: list[str], at_most: int = 30) -> str:
    """Return the names in one line; of many only the first, and how many more there are."""
    rest = len(names) - at_most
    return ", ".join(names[:at_most]) + (f" and {rest} more" if rest > 0 else "")


class FidelityError(InputError):
    """The scenario needs per-connection records; `features` has no law in cells of counts."""

    def __init__(self, features: Iterable[str]) -> None:
        self.features = tuple(features)
        super().__init__(
            f"fidelity counts has no law for: {', '.join(self.features)}; use --fidelity records"
        )


class MergeError(InputError):
    """Windows of other times or exposure, or states of other parameters: joined, they would lie."""


class MachineError(SimcertError, OSError):
    """A server, the network, the disk or an optional package failed us."""

    exit_code = 3


class PluginError(MachineError):
    """An installed distribution's policy or detector cannot be loaded, or its name is taken."""


class ContractError(SimcertError):
    """A policy, detector or adapter broke the duty that its protocol states."""
