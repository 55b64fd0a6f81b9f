"""Certificate Manager: where each certificate stands between issue and retirement; no I/O.

A table of states. The adapters do what a step says (write, load, unload, delete) and report back
by calling the next method; nobody is served a certificate that is not `active`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

from simcert.errors import ContractError, UnknownNameError


class Standing(StrEnum):
    """Where a certificate stands."""

    ISSUED = "issued"  # we hold it, nobody else does
    STAGED = "staged"  # the terminator has it, and serves it to nobody
    ACTIVE = "active"  # it may be served, as far as the exposure says
    WITHDRAWN = "withdrawn"  # taken back; may be staged again
    EXPIRED = "expired"
    RETIRED = "retired"  # deleted from the terminator, key included


_IDLE = (Standing.ISSUED, Standing.STAGED, Standing.WITHDRAWN, Standing.EXPIRED)
_LIVE = (Standing.ISSUED, Standing.STAGED, Standing.ACTIVE, Standing.WITHDRAWN)

STEPS: Mapping[tuple[Standing, str], Standing] = MappingProxyType(
    {
        (Standing.ISSUED, "stage"): Standing.STAGED,
        (Standing.WITHDRAWN, "stage"): Standing.STAGED,
        (Standing.STAGED, "activate"): Standing.ACTIVE,
        (Standing.STAGED, "withdraw"): Standing.WITHDRAWN,
        (Standing.ACTIVE, "withdraw"): Standing.WITHDRAWN,
    }
    | {(standing, "expire"): Standing.EXPIRED for standing in _LIVE}
    | {(one, "retire"): Standing.RETIRED for one in _IDLE}
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate of ours; times in seconds since the rollout's epoch."""

    name: str
    not_before_s: float
    not_after_s: float
    standing: Standing = Standing.ISSUED
    since_s: float = 0.0

    def valid(self, now_s: float) -> bool:
        """Return whether its dates include `now_s` (RFC 5280 section 4.1.2.5: both ends do)."""
        return self.not_before_s <= now_s <= self.not_after_s


class CertificateManager:
    """Keeps the old and the new certificate, and all that came before, apart by name."""

    def __init__(self) -> None:
        self._held: dict[str, Certificate] = {}

    def __getitem__(self, name: str) -> Certificate:
        if name not in self._held:
            raise UnknownNameError("certificate", name, self._held)
        return self._held[name]

    def issue(
        self, name: str, now_s: float, not_before_s: float, not_after_s: float
    ) -> Certificate:
        """Take a new certificate in; ContractError if its name is taken or its dates are empty."""
        if name in self._held:
            raise ContractError(f"certificate {name} was issued already")
        if not_after_s <= max(not_before_s, now_s):
            raise ContractError(f"certificate {name} ends at {not_after_s:g} s, before it begins")
        made = Certificate(name, not_before_s, not_after_s, since_s=now_s)
        self._held[name] = made
        return made

    def step(self, name: str, event: str, now_s: float) -> Certificate:
        """Return the certificate after `event`; ContractError if the table has no such step.

        Nothing outside its dates is activated, and the last active certificate is not withdrawn.
        """
        held = self[name]
        then = STEPS.get((held.standing, event))
        if then is None:
            raise ContractError(f"certificate {name}: no {event} while {held.standing}")
        if event == "activate" and not held.valid(now_s):
            dates = f"valid from {held.not_before_s:g} to {held.not_after_s:g} s"
            raise ContractError(f"certificate {name}: no activate at {now_s:g} s, {dates}")
        if event == "withdraw" and self.serving() == (name,):
            raise ContractError(f"certificate {name}: no withdraw, nothing else is active")
        self._held[name] = replace(held, standing=then, since_s=now_s)
        return self._held[name]

    def tick(self, now_s: float) -> list[Certificate]:
        """Expire what has run out; return the certificates that did so now."""
        over = [one for one in self._held.values() if self._runs_out(one, now_s)]
        return [self.step(one.name, "expire", now_s) for one in over]

    @staticmethod
    def _runs_out(one: Certificate, now_s: float) -> bool:
        return now_s > one.not_after_s and (one.standing, "expire") in STEPS

    def serving(self) -> tuple[str, ...]:
        """Return the names of the active certificates."""
        return tuple(k for k, one in self._held.items() if one.standing is Standing.ACTIVE)

    def exposure_limit(self, new: str, now_s: float) -> float:
        """Return the exposure that the dates and states allow: 0 unless `new` may be served."""
        one = self._held.get(new)
        usable = one is not None and one.standing is Standing.ACTIVE and one.valid(now_s)
        return 1.0 if usable else 0.0

    def due(self, now_s: float, before_s: float) -> list[str]:
        """Return the active certificates that end within `before_s`: time to renew them."""
        held = (self._held[name] for name in self.serving())
        return [one.name for one in held if one.not_after_s - now_s <= before_s]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; keys of certificates are not ours to know."""
        return {name: asdict(one) for name, one in self._held.items()}

    @classmethod
    def from_dict(cls, state: Mapping[str, Mapping[str, Any]]) -> Self:
        """Return the manager that `to_dict` described."""
        manager = cls()
        for name, one in state.items():
            standing = Standing(one["standing"])
            manager._held[name] = Certificate(**{**one, "standing": standing})
        return manager
