"""`validate`: everything that a policy owes, flown and judged, in one sealed document."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING, Any

import click

import simcert
from simcert.control import validation
from simcert.control.journal import params, stem
from simcert.control.signing import sign
from simcert.errors import InputError
from simcert.lab import manifest
from simcert.lab.compare.paired import compare
from simcert.lab.compare.study import Study
from simcert.lab.figures import notebook as figures
from simcert.lab.folder import ResultFolder, to_json
from simcert.lab.html import validated_html
from simcert.lab.seeds import checked
from simcert.lab.setup import Setup, prepare
from simcert.lab.validate import campaigns
from simcert.lab.validate import checks as judge
from simcert.lab.validate.bars import bars
from simcert.model import Policy
from simcert.scenario import Scenario, policies
from simcert.scenario.validation import code_digest, policy_digest, read_key

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

DOCUMENT = "validation.json"
DAYS = 90


@dataclass(frozen=True, repr=False)
class Validated:
    """The document, and where it lies."""

    document: dict[str, Any]
    out: str

    @property
    def passed(self) -> bool:
        """Whether the policy may fly on it."""
        return bool(self.document["verdict"] == "pass")

    def to_dict(self) -> dict[str, Any]:
        """Return what `simcert validate --json` prints."""
        found = self.document
        keys = ("name", "verdict", "figure", "limit")
        return {
            "policy": found["policy"]["name"],
            "digest": found["digest"],
            "verdict": found["verdict"],
            "checks": [{key: one[key] for key in keys} for one in found["checks"]],
            "expires": found["expires"],
            "out": self.out,
        }

    def words(self) -> str:
        """Return the verdict in words, what did not pass first."""
        found = self.document
        lines = [_line(one) for one in sorted(found["checks"], key=_rank)]
        limit = f"{found['policy']['name']}: {found['verdict']} ({found['kind']} validation)"
        return "\n".join([limit, *lines, f"{self._flies()}; document: {self.out}/{DOCUMENT}"])

    def _flies(self) -> str:
        """Return whether and how long `simcert live` takes this document."""
        if self.passed and self.document["kind"] != "full":
            return "does not fly: `simcert live` asks for a full validation, this was a quick one"
        return f"flies until {self.document['expires'][:10]}" if self.passed else "does not fly"

    @cached_property
    def checks(self) -> "pd.DataFrame":
        """One row a check: name, verdict, figure, limit, n (days behind the figure), about."""
        import pandas as pd

        head = ["name", "verdict", "figure", "limit", "n", "about"]
        return pd.DataFrame(self.document["checks"], columns=head)

    def plot(self) -> "Figure":
        """Return the share of days on which each scenario went as expected, with exact limits."""
        return figures.plot_checks(bars(self.document["checks"]), judge.MET_MIN)

    def __repr__(self) -> str:
        checks = self.document["checks"]
        passed = sum(one["verdict"] == "pass" for one in checks)
        name = self.document["policy"]["name"]
        return f"<Validated {name}: {self.document['verdict']}, {passed} of {len(checks)} checks>"

    def _repr_html_(self) -> str:
        return validated_html(self)


def _rank(one: dict[str, Any]) -> tuple[bool, str]:
    return (one["verdict"] == "pass", one["name"])


def _line(one: dict[str, Any]) -> str:
    return f"  {one['verdict']:<12} {one['name']:<44} {one['about']}"


def validate(
    policy: str | Path,
    suite: str | Path | None = None,
    seed: int = 0,
    jobs: int | None = None,
    out: str | Path = "results/validate",
    *,
    quick: bool = False,
    days: int = DAYS,
    key: str | Path | None = None,
    quiet: bool = False,
    at: dt.datetime | None = None,
) -> Validated:
    """Fly a policy through a suite, null days and breakdowns, and leave a sealed document in `out`.

    The same call on an interrupted folder flies only what is missing; on a finished one it returns
    its document. `key` signs it: an Ed25519 private key in PEM, or a shared secret. It is issued
    `at` that moment, or when all is flown. InputError for what cannot be validated, MachineError
    if `out` cannot be written.
    """
    made, secret = policies.parse(policy), None if key is None else read_key(key)
    if secret is not None:
        sign(secret, b"", str(key))  # a key that cannot sign is told before the first day is flown
    if "needs_truth" in made.tags:
        raise InputError(f"policy {stem(made)} needs the truth: nothing to validate")
    if not 1 <= days <= 3650:
        raise InputError(f"--days {days}: must be in [1, 3650]")
    if at is not None and at.tzinfo is None:
        raise InputError(f"at {at.isoformat()}: must be a moment with a zone, such as dt.UTC")
    size = campaigns.QUICK if quick else campaigns.FULL
    scenarios = campaigns.suite(suite)
    setups = [prepare(one, made) for one in scenarios]
    identity = manifest.identity(setups, runs=size.runs, seed=checked(seed), batch="validate")
    folder = ResultFolder.claim(out, identity | {"kind": size.kind})
    if (folder.path / DOCUMENT).is_file():
        return _finished(folder)
    flight = Flight(policy, seed, jobs, folder.path, quiet)
    checks = _checked(flight, made, setups, size)
    issued = at or dt.datetime.now(dt.UTC).replace(microsecond=0)
    lasts = (issued, issued + dt.timedelta(days=days))
    document = _document(policy, made, setups, size, seed, checks, lasts)
    folder.write(DOCUMENT, to_json(validation.sealed(document, secret, str(key))))
    return _finished(folder)


@dataclass(frozen=True, slots=True)
class Flight:
    """How campaigns of this validation are flown: each in a folder of its own, resumable."""

    policy: str | Path
    seed: int
    jobs: int | None
    out: Path
    quiet: bool

    def fly(self, name: str, scenarios: Sequence[Scenario], runs: int) -> Study:
        """Return the study of one campaign."""
        if not self.quiet:
            click.echo(f"{name}: {len(scenarios)} scenarios, {runs} days each", err=True)
        place = self.out / name
        return compare(
            scenarios, [self.policy], runs, self.seed, self.jobs, place, quiet=self.quiet
        )


def _checked(
    flight: Flight, policy: Policy, setups: Sequence[Setup], size: campaigns.Size
) -> list[judge.Check]:
    scenarios = [one.scenario for one in setups]
    null = campaigns.nulls(scenarios)
    if not null:
        raise InputError("the suite holds no scenario without an adversary; add one")
    flown = flight.fly("scenarios", scenarios, size.runs)
    broken = campaigns.breakdowns(setups)
    checks = [*judge.conformance(policy), *judge.expectations(flown), judge.missed(flown)]
    if broken:
        checks += judge.expectations(flight.fly("faults", broken, size.runs), "fault")
    calm = flight.fly("null", null, -(-size.nulls // len(null)))
    return [*checks, judge.false_rollbacks(calm, size)]


def _document(
    name: str | Path,
    policy: Policy,
    setups: Sequence[Setup],
    size: campaigns.Size,
    seed: int,
    checks: Sequence[judge.Check],
    lasts: tuple[dt.datetime, dt.datetime],
) -> dict[str, Any]:
    worlds = {one.scenario.stem: one.identity()["world"] for one in setups}
    return {
        "schema": validation.SCHEMA,
        "kind": size.kind,
        "policy": {
            "name": policies.label(name),
            "stem": stem(policy),
            "params": params(policy),
        },
        "digest": policy_digest(policy),
        "code": code_digest(),
        "suite": sha256(validation.canonical(worlds)).hexdigest(),
        "scenarios": worlds,
        "seed": seed,
        "size": {"runs": size.runs, "nulls": size.nulls},
        "verdict": judge.overall(checks),
        "checks": [one.to_dict() for one in checks],
        "simcert": simcert.__version__,
        "python": python_version(),
        "packages": {one: metadata.version(one) for one in manifest.CORE},
        "issued": lasts[0].isoformat(),
        "expires": lasts[1].isoformat(),
    }


def _finished(folder: ResultFolder) -> Validated:
    """Return the document of a folder; InputError if somebody changed it."""
    path = folder.path / DOCUMENT
    document = validation.read(path.read_bytes().decode(errors="replace"), str(path))
    if validation.sealed(document)["seal"] != document["seal"]:
        raise InputError(
            f"{path}: was changed after it was sealed; remove this file and validate again"
        )
    return Validated(json.loads(json.dumps(document)), str(folder.path))
