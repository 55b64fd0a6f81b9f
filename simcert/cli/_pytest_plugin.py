"""pytest plugin: policies flown in tests, and held to a baseline that lies beside them.

    @pytest.mark.simcert(scenarios=["same_ca"], policies=["adaptive", "policies/mine.toml"])
    def test_policy(simcert_case):
        simcert_case.assert_unchanged()          # against simcert-baseline/ beside this file
        assert simcert_case.run(seed=7).end == "complete"

`pytest --simcert-update` records what policies do now. Nothing of simcert but this file is imported
until a test asks for a fixture.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from simcert.lab.regress.judge import Case
    from simcert.lab.run.result import RunResult

MARK, OPTION, BASELINE = "simcert", "--simcert-update", "simcert-baseline"
KEYS = ("scenarios", "policies", "runs", "seed", "margin")
RUNS, SEED, MARGIN = 12, 1, 0.05


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--simcert-update` and `--simcert-update-in-ci`."""
    group = parser.getgroup("simcert", "certificate rotations")
    group.addoption(OPTION, action="store_true", help="record what policies do now as the baseline")
    text = "let --simcert-update work although CI is set"
    group.addoption(f"{OPTION}-in-ci", action="store_true", help=text)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; refuse to record where nobody reviews."""
    text = "simcert(scenarios, policies, runs=12, seed=1, margin=0.05): fly every pair of them"
    config.addinivalue_line("markers", text)
    if config.getoption(OPTION):
        import os

        from simcert.errors import InputError
        from simcert.lab.regress import refuse_in_ci

        try:
            refuse_in_ci(os.environ, force=config.getoption(f"{OPTION}-in-ci"))
        except InputError:
            said = f"{OPTION}: refused, CI is set; {OPTION}-in-ci if that is meant"
            raise pytest.UsageError(said) from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a marked test one case for each scenario and policy."""
    if "simcert_case" not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker(MARK)
    place = metafunc.definition.nodeid
    if mark is None:
        raise pytest.UsageError(f"{place}: simcert_case needs @pytest.mark.{MARK}(scenarios=[...])")
    if mark.args or (wrong := sorted(mark.kwargs.keys() - set(KEYS))):
        said = f'unknown key "{wrong[0]}"' if not mark.args else "takes keywords only"
        raise pytest.UsageError(f"{place}: mark {MARK}: {said}; known: {', '.join(KEYS)}")
    pairs = [*product(_texts(mark, "scenarios", place), _texts(mark, "policies", place))]
    names = [f"{Path(s).stem}-{Path(p).stem}" for s, p in pairs]
    metafunc.parametrize("simcert_case", pairs, ids=names, indirect=True)


def _texts(mark: pytest.Mark, key: str, place: str) -> list[str]:
    given = mark.kwargs.get(key, ["adaptive"] if key == "policies" else [])
    if not given or isinstance(given, str) or not all(isinstance(one, str) for one in given):
        raise pytest.UsageError(f"{place}: mark {MARK}: {key}: must be a list of names or files")
    return [*given]


@dataclass(frozen=True)
class SimcertCase:
    """One scenario and one policy of a marked test."""

    scenario: str
    policy: str
    folder: Path = field(repr=False)
    runs: int = RUNS
    days: int = SEED
    margin: float = MARGIN
    update: bool = field(default=False, repr=False)

    def run(self, seed: int = 0) -> "RunResult":
        """Fly one day."""
        from simcert import lab

        return lab.run(self.scenario, self.policy, seed)

    def judged(self) -> "Case":
        """Return the verdict against the baseline; records first under `--simcert-update`."""
        from simcert.lab.regress import gate as regress
        from simcert.lab.setup import prepare

        setup = prepare(self.scenario, self.policy)
        now = regress.flown(setup, self.days, self.runs)
        if self.update:
            with regress.writing(self.folder):
                regress.write(self.folder, now)
        return regress.against(self.folder, now, self.margin)

    def assert_unchanged(self) -> None:
        """Fail in words if the policy no longer does what the baseline says."""
        from simcert.lab.regress.words import WORDS, details

        case = self.judged()
        if case.verdict == "new":
            pytest.fail(
                f"no baseline in {self.folder}; `pytest {OPTION}` records it", pytrace=False
            )
        if not case.fine:
            said = "\n".join([f"{case.scenario}, {case.policy}: {WORDS[case.verdict]}",
                              *details(case), f"if that is meant: pytest {OPTION}"])  # fmt: skip
            pytest.fail(said, pytrace=False)


@pytest.fixture
def simcert_case(request: pytest.FixtureRequest) -> SimcertCase:
    """The scenario and policy that this test was marked with."""
    mark = request.node.get_closest_marker(MARK)
    scenario, policy = (_seen_from(request.path.parent, one) for one in request.param)
    return SimcertCase(
        scenario,
        policy,
        request.path.parent / BASELINE,
        runs=mark.kwargs.get("runs", RUNS),
        days=mark.kwargs.get("seed", SEED),
        margin=mark.kwargs.get("margin", MARGIN),
        update=request.config.getoption(OPTION),
    )


def _seen_from(folder: Path, name: str) -> str:
    return str(folder / name) if name.partition(":")[0].endswith((".toml", ".py")) else name


@pytest.fixture(scope="session")
def simcert_run() -> "Callable[..., RunResult]":
    """Fly one rollout: `simcert_run("same_ca", policy="adaptive", seed=0)`, each only once."""
    flown: dict[tuple[Any, ...], RunResult] = {}

    def run(scenario: str, policy: str = "adaptive", seed: int = 0) -> "RunResult":
        from simcert import lab

        key = (scenario, policy, seed)
        if key not in flown:
            flown[key] = lab.run(scenario, policy, seed)
        return flown[key]

    return run
