"""Who is shown a window together: detectors whose class offers a bank, else each by itself."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from simcert.errors import ContractError
from simcert.model import Bank, Detector, Window


class Updated(Protocol):
    """A detector, or several that share a bank."""

    def update(self, window: Window) -> None:
        """Take a window in."""
        ...


class Together:
    """Detectors that share a bank."""

    def __init__(self, bank: Bank, members: Sequence[Detector]) -> None:
        self._bank, self._members = bank, tuple(members)

    def update(self, window: Window) -> None:
        """Show a window to all members in one go."""
        self._bank.update(self._members, window)


def feeding(detectors: Mapping[str, Detector]) -> list[tuple[str, Updated]]:
    """Return all that is to be updated, with the names of its channels.

    A class offers a bank by naming it itself: who inherits one may have an `update` of his own.
    """
    banks: dict[type[Bank], list[str]] = {}
    found: list[tuple[str, Updated]] = []
    for name, one in detectors.items():
        offered = vars(type(one)).get("bank")
        if isinstance(offered, type):
            banks.setdefault(offered, []).append(name)
        else:
            found.append((name, one))
    for bank, names in banks.items():
        members = [detectors[name] for name in names]
        together = Together(bank(), members) if len(members) > 1 else members[0]
        found.append((", ".join(names), together))
    return found


def feed(updated: Sequence[tuple[str, Updated]], window: Window) -> None:
    """Show a window to everybody; ContractError names the channels of who fails."""
    for names, one in updated:
        try:
            one.update(window)
        except Exception as error:
            raise ContractError(f"detector of channel {names} failed: {error!r}") from error
