"""Setup: all that a run depends on but its seed; flying it is a pure function of the seed."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import ModuleType

from simcert.control.journal import Journal, stem
from simcert.errors import FidelityError, InputError
from simcert.model import Policy, Truth, discovery
from simcert.scenario import Scenario, build, load_scenario, places, policies
from simcert.scenario.load import FOLDERS
from simcert.scenario.validation import outside_code
from simcert.sim import Flight, Watch, excess, refusals, simulate
from simcert.world import truth_of
from simcert.world.spec import WorldSpec


@dataclass(frozen=True, slots=True)
class Setup:
    """One scenario and one policy, made ready once and flown with many seeds."""

    scenario: Scenario
    label: str  # how results call the policy
    typed: str  # what makes it again on a command line: the label, or its file
    policy: Policy
    spec: WorldSpec
    truth: Truth
    fidelity: str

    def journal(self, seed: int) -> Journal:
        """Return an empty journal that says whose it is."""
        about = {"scenario": self.scenario.stem, "seed": seed, "fidelity": self.fidelity}
        return Journal(about=about)

    def fly(self, seed: int, journal: Journal | None = None, watch: Watch | None = None) -> Flight:
        """Return the flight of one seed; equal seeds give equal bytes, on any machine or worker."""
        rollout = build.rollout(self.scenario, self.policy, self.spec)
        return simulate(
            self.spec, rollout, seed=seed, fidelity=self.fidelity, journal=journal, watch=watch
        )

    @property
    def place(self) -> str:
        """The scenario as a command line takes it: a built-in stem, or its file as it was named."""
        read = self.scenario
        return read.stem if read.folder in FOLDERS else str(read.folder / f"{read.stem}.toml")

    def identity(self) -> dict[str, str]:
        """Return digests of all that this setup depends on, chains and catalogues included."""
        plan = build.plan(self.scenario)
        return {
            "scenario": self.scenario.stem,
            "world": _digest(self.spec, plan, self.scenario.expect),
            "policy": self.label,
            "parameters": repr(self.policy),
            "fidelity": self.fidelity,
            **{name: code for name, code in outside_code(self.policy).items() if code},
        }


def prepare(
    scenario: Scenario | str | Path,
    policy: Policy | str | Path = "adaptive",
    fidelity: str | None = None,
) -> Setup:
    """Return the setup of a scenario and a policy, by value or by what a user would type."""
    return prepare_all(scenario, [policy], fidelity)[0]


def prepare_all(
    scenario: Scenario | str | Path,
    policies_: Sequence[Policy | str | Path],
    fidelity: str | None = None,
) -> list[Setup]:
    """Return a setup for each policy; chains and clients of the scenario meet only once."""
    named = [_named(policy) for policy in policies_]
    read = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
    spec = build.world(read)
    truth, chosen = truth_of(spec), chosen_fidelity(spec, fidelity)
    with places.at(read, "traffic.connections_per_s"):
        if too_much := excess(spec, chosen):
            raise InputError(too_much)
    return [Setup(read, name, typed, policy, spec, truth, chosen) for name, typed, policy in named]


def _named(policy: Policy | str | Path) -> tuple[str, str, Policy]:
    if not isinstance(policy, str | Path):
        if isinstance(policy, type) or not hasattr(policy, "decide"):
            raise InputError(
                f"a policy is a name, a file or an object that decides, not {policy!r:.60}"
            )
        label, typed = stem(policy), stem(policy)
    else:
        label, typed, policy = policies.label(policy), str(policy), policies.parse(policy)
    if type(policy).__module__.startswith(discovery.OUTSIDE):
        _carry(sys.modules[type(policy).__module__])
    return label, typed, policy


def _carry(module: ModuleType) -> None:
    """Let a class in somebody's own file travel to worker processes, which cannot import it."""
    with suppress(ImportError):  # joblib before 1.6 has a copy of its own
        from joblib.externals import cloudpickle as of_joblib

        of_joblib.register_pickle_by_value(module)
    with suppress(ImportError):
        import cloudpickle

        cloudpickle.register_pickle_by_value(module)


def chosen_fidelity(spec: WorldSpec, asked: str | None) -> str:
    """Return `counts` where the world allows it, else `records`; FidelityError if asked in vain."""
    features = refusals(spec)
    if asked == "counts" and features:
        raise FidelityError(features)
    return asked or ("records" if features else "counts")


def _digest(*values: object) -> str:
    return sha256("\n".join(map(repr, values)).encode()).hexdigest()
