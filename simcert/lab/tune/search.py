"""The search: ask for a batch, fly it in rungs, stop the hopeless, tell in order.

Batches have a fixed size and are told in the order in which they were asked, so that neither the
number of workers nor an interruption changes what is asked next: a study that is resumed asks again
from the first batch, and finds its days in the folder.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from simcert.errors import InputError, MachineError
from simcert.lab.folder import to_json
from simcert.lab.setup import Setup
from simcert.lab.tune.days import STUDY, Flyer, crashed
from simcert.lab.tune.score import Days, Limits, Score, Story, hopeless, score
from simcert.lab.tune.space import Knob
from simcert.model import Policy

BATCH = 8
NSGA_FROM = 200  # trials; below, TPE learns faster
OBJECTIVES = ("harm", "time")


@dataclass
class Trial:
    """One candidate: what it is, what it did, and why it was not flown to the end."""

    number: int
    params: dict[str, Any]
    policy: Policy | None
    days: Days = field(default_factory=dict, repr=False)
    score: Score | None = None
    stopped: str = ""

    @property
    def label(self) -> str:
        """How shards call it."""
        return f"t{self.number:04d}"


@dataclass
class Search:
    """A study in progress."""

    policy: Policy
    knobs: tuple[Knob, ...]
    setups: list[Setup]
    limits: Limits
    runs: int
    seed: int
    flyer: Flyer
    trials: list[Trial] = field(default_factory=list)
    defaults: Days = field(default_factory=dict)
    study: Any = None

    @property
    def stories(self) -> list[Story]:
        """The scenarios searched in."""
        return [Story.of(one) for one in self.setups]

    def run(self, trials: int) -> list[Trial]:
        """Return all trials; MachineError without Optuna."""
        optuna = optuna_()
        self.study = _study(optuna, trials, self.seed)
        days, watch = self.runs * len(self.setups), self.flyer.watch
        watch.step("search", (1 + trials) * days)  # the defaults fly first
        flown = self.flyer.fly(self.setups, {"defaults": self.policy}, self.seed, 0, self.runs)
        self.defaults = flown["defaults"]
        if crashed(self.defaults):
            raise InputError("the policy with its defaults crashes; `simcert compare` shows where")
        if (start := self._start()) is not None:
            self.study.enqueue_trial(start)
        for first in range(0, trials, BATCH):
            self._batch(optuna, min(BATCH, trials - first))
            watch.batch(self.trials, trials, (1 + len(self.trials)) * days)
        return self.trials

    def front(self) -> list[Trial]:
        """Return the candidates that keep all constraints and are beaten by no other."""
        done = [one for one in self.trials if one.score is not None and not one.stopped]
        fit = [(one, one.score) for one in done if one.score is not None and one.score.feasible]
        best = [
            (one, mine) for one, mine in fit if not any(other.dominates(mine) for _, other in fit)
        ]
        unique = {(mine.harm, mine.time): one for one, mine in reversed(best)}
        return [unique[key] for key in sorted(unique)]

    def importances(self) -> dict[str, dict[str, float]]:
        """Return for each objective which share of its variance among the good a knob explains.

        Empty if too few trials tell (PED-ANOVA, Watanabe et al. 2023).
        """
        from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

        found: dict[str, dict[str, float]] = {}
        for i, name in enumerate(OBJECTIVES):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    found[name] = get_param_importances(
                        self.study,
                        evaluator=PedAnovaImportanceEvaluator(),
                        target=_target(i),
                    )
                except (ValueError, RuntimeError):
                    found[name] = {}
        return found

    def _start(self) -> dict[str, Any] | None:
        """Return the defaults as the first trial, if the space holds them."""
        start: dict[str, Any] = {}
        for knob in self.knobs:
            now = getattr(self.policy, knob.name)
            if knob.choices:
                if now not in knob.choices:
                    return None
                start[knob.name] = knob.choices.index(now)
            elif now is None or not knob.low <= now <= knob.high:
                return None
            else:
                start[knob.name] = now
        return start

    def _batch(self, optuna: Any, size: int) -> None:  # noqa: ANN401 - optional package
        space = {knob.name: _distribution(optuna, knob) for knob in self.knobs}
        asked = [self.study.ask(space) for _ in range(size)]
        batch = [self._trial(one) for one in asked]
        self._fly(batch)
        for one, trial in zip(asked, batch, strict=True):
            self._tell(optuna, one, trial)
        self.trials.extend(batch)

    def _trial(self, asked: Any) -> Trial:  # noqa: ANN401 - optional package
        params = {knob.name: _value(knob, asked.params[knob.name]) for knob in self.knobs}
        trial = Trial(asked.number, params, None)
        self._remember(trial)
        try:
            trial.policy = replace(self.policy, **params)  # type: ignore[type-var]
        except ValueError as error:
            trial.stopped = f"refused: {error}"
        return trial

    def _remember(self, trial: Trial) -> None:
        """Write down what was asked; InputError if the folder remembers something else."""
        name, asked = f"{STUDY}/{trial.label}.json", to_json(trial.params)
        path = self.flyer.folder.path / name
        if not path.is_file():
            self.flyer.folder.write(name, asked)
        elif path.read_bytes() != asked.encode():
            raise InputError(
                f"{path}: was changed or cut short, this study asks for other parameters; remove "
                "this file and give the same command again, it writes them anew"
            )

    def _fly(self, batch: Sequence[Trial]) -> None:
        rivals = [self.defaults, *(one.days for one in self.front())]
        done = 0
        for until in rungs(self.runs):
            alive = [one for one in batch if not one.stopped and one.policy is not None]
            known = {one.label: one.policy for one in alive if one.policy is not None}
            flown = self.flyer.fly(self.setups, known, self.seed, done, until)
            for one in alive:
                _add(one.days, flown[one.label])
                self._judge(one, rivals, last=until == self.runs)
            done = until

    def _judge(self, trial: Trial, rivals: Sequence[Days], *, last: bool) -> None:
        if crashed(trial.days):
            trial.stopped = "crashed"
            return
        trial.score = score(self.stories, trial.days, self.defaults, self.limits)
        if not last:
            trial.stopped = hopeless(self.stories, trial.days, rivals)

    def _tell(self, optuna: Any, asked: Any, trial: Trial) -> None:  # noqa: ANN401 - optional
        if trial.score is None:
            self.study.tell(asked, state=optuna.trial.TrialState.FAIL)
            return
        for name, value in trial.score.constraints.items():
            asked.set_constraint(name, value)
        self.study.tell(asked, [trial.score.harm, trial.score.time])


def _target(i: int) -> Callable[[Any], float]:
    return lambda trial: float(trial.values[i])


def rungs(runs: int) -> list[int]:
    """Return how many days a candidate has flown when it is looked at."""
    return sorted({max(min(3, runs), -(-runs // 3)), runs})


def optuna_() -> Any:  # noqa: ANN401 - optional package
    """Return Optuna, silent; MachineError with the remedy if it is not installed."""
    try:
        import optuna
    except ImportError as error:
        raise MachineError("tune needs an extra: pip install 'simcert[tune]'") from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def _study(optuna: Any, trials: int, seed: int) -> Any:  # noqa: ANN401 - optional package
    state = seed % 2**32
    samplers = optuna.samplers
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        many = trials >= NSGA_FROM
        sampler = (
            samplers.NSGAIISampler(seed=state, population_size=5 * BATCH)
            if many
            else samplers.TPESampler(seed=state, multivariate=True, constant_liar=True)
        )
        return optuna.create_study(directions=["minimize"] * 2, sampler=sampler)


def _distribution(optuna: Any, knob: Knob) -> Any:  # noqa: ANN401 - optional package
    made = optuna.distributions
    if knob.choices:
        return made.CategoricalDistribution(list(range(len(knob.choices))))
    if knob.whole:
        return made.IntDistribution(int(knob.low), int(knob.high), log=knob.log)
    return made.FloatDistribution(knob.low, knob.high, log=knob.log)


def _value(knob: Knob, raw: Any) -> Any:  # noqa: ANN401 - by knob
    """Return a value fit for a file: four digits are more than any study can tell apart."""
    if knob.choices:
        return knob.choices[raw]
    return raw if knob.whole else min(max(float(f"{raw:.4g}"), knob.low), knob.high)


def _add(days: Days, more: Days) -> None:
    for name, flown in more.items():
        days.setdefault(name, []).extend(flown)
