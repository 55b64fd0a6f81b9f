"""What a policy has to fly to be validated: a suite, the same days without a change, and faults.

A null campaign serves the old chain in both arms (an A/A test): the certificate changes nothing, in
the traffic, background failures and incidents of that scenario.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from simcert.errors import InputError
from simcert.lab.setup import Setup
from simcert.scenario import Scenario, load_scenario, stems
from simcert.scenario.schema import Expect
from simcert.world import faults
from simcert.world.faults._fault import Fault

BREAKDOWNS: Mapping[str, Mapping[str, float]] = {
    "actuator_delay": {"delay_s": 60.0},
    "actuator_failure": {"from_s": 600.0, "until_s": 1_500.0},
    "controller_restart": {"at_s": 300.0, "every_s": 900.0},
    "metric_delay": {"delay_s": 90.0},
    "metric_duplication": {"share": 0.2},
    "metric_loss": {"windows": 0.1},
}
"""What breaks in the apparatus, early enough to matter where a certificate breaks clients."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is flown: days for each scenario and breakdown, and null days in all."""

    kind: str
    runs: int
    nulls: int
    false_rollback_max: float


FULL = Size("full", 20, 300, 0.02)
QUICK = Size("quick", 4, 60, 0.05)


def suite(folder: str | Path | None) -> list[Scenario]:
    """Return the scenarios of a folder, or the built-in ones; InputError if there is none."""
    if folder is None:
        return [load_scenario(path) for path in stems().values()]
    paths = sorted(Path(folder).glob("*.toml"))
    if not paths:
        raise InputError(f"--suite {folder}: no folder with scenario files (*.toml)")
    return [load_scenario(path) for path in paths]


def kind_of(scenario: Scenario) -> str:
    """Return `attack` if a fault brings clients of its own, `incident` for others, `scenario`."""
    if any(_brings_clients(one) for one in scenario.faults):
        return "attack"
    return "incident" if scenario.faults else "scenario"


def _brings_clients(fault: object) -> bool:
    return isinstance(fault, Fault) and bool(fault.cohorts(1.0))


def _aims_at_new(fault: object) -> bool:
    """Whether a fault's own clients tell the arms apart: with them, nothing is null."""
    own = fault.cohorts(1.0) if isinstance(fault, Fault) else ()
    return any(met.old != met.new for one in own for met in one.encounters)


def nulls(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """Return each scenario with the old chain in both arms, adversaries of the new one apart."""
    return [_null(one) for one in scenarios if not any(map(_aims_at_new, one.faults))]


def _null(scenario: Scenario) -> Scenario:
    chains = scenario.certificates
    same = replace(chains, new=chains.old, fallback=None)
    return replace(scenario, certificates=same, expect=Expect(), stem=f"null-{scenario.stem}")


def breakdowns(setups: Sequence[Setup]) -> list[Scenario]:
    """Return every breakdown of the apparatus in a day that harms and in one that does not.

    The days are the first ones of the suite, by name, without incidents of their own.
    """
    plain = [one for one in setups if not one.scenario.faults]
    harmful = next((one.scenario for one in plain if one.truth.harmful), None)
    good = next((one.scenario for one in plain if not one.truth.harmful), None)
    return [
        _breakdown(kind, base, expect)
        for kind in BREAKDOWNS
        for base, expect in _bases(harmful, good)
    ]


def _breakdown(kind: str, base: Scenario, expect: Expect) -> Scenario:
    fault = faults.discover()[kind](**BREAKDOWNS[kind])
    return replace(base, faults=(fault,), expect=expect, stem=f"{kind}-{base.stem}")


def _bases(harmful: Scenario | None, good: Scenario | None) -> list[tuple[Scenario, Expect]]:
    """A blind or deaf apparatus may take twice the harm, and longer; it may not miss or invent."""
    bases: list[tuple[Scenario, Expect]] = []
    if harmful is not None:
        limit = harmful.expect.harmed_connections_max
        twice = None if limit is None else 2 * limit
        bases.append((harmful, Expect(missed=False, harmed_connections_max=twice)))
    if good is not None:
        bases.append((good, Expect(false_rollback=False)))
    return bases
