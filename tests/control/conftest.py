"""A terminator, a feed and rollouts small enough to see through."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from simcert.control.analyzer import Analyzer
from simcert.control.plan import Plan
from simcert.control.rollout import Rollout
from simcert.model import Window, discovery


def analyzer_maker(policy):
    channels = policy.channels()
    build = partial(discovery.build, "simcert.detect", "detector")
    return lambda: Analyzer({c.name: build(c.detector, **c.params) for c in channels}, channels)


def make_rollout(stem: str, plan: Plan | None = None, **params: object) -> Rollout:
    policy = discovery.build("simcert.policy", "policy", stem, **params)
    return Rollout(policy, analyzer_maker(policy), plan or Plan())


class Terminator:
    """Feed and actuator in one: obeys at once and reports one window a minute."""

    def __init__(self, n: int = 2000, failed_old: float = 0.0, failed_new: float = 0.0) -> None:
        self.exposure = 0.0
        self.n, self.rates = n, (failed_old, failed_new)
        self.end_s = 0.0
        self.left = {"new": 0.0, "f_new": 0.0, "f_old": 0.0}  # fractions wait for the next window

    def poll(self, now_s: float) -> Sequence[Window]:
        windows = []
        while self.end_s + 60.0 <= now_s:
            n_new = self._whole("new", self.n * self.exposure)
            n_old = self.n - n_new
            pairs = {
                "old": (n_old, min(n_old, self._whole("f_old", n_old * self.rates[0]))),
                "new": (n_new, min(n_new, self._whole("f_new", n_new * self.rates[1]))),
            }
            start_s = self.end_s
            self.end_s += 60.0
            windows.append(
                Window.of(**pairs, start_s=start_s, end_s=self.end_s, exposure=self.exposure)
            )
        return windows

    def _whole(self, what: str, amount: float) -> int:
        whole = int(self.left[what] + amount)
        self.left[what] += amount - whole
        return whole

    def apply(self, exposure: float, now_s: float) -> None:
        del now_s
        self.exposure = exposure

    def read_back(self, now_s: float) -> float:
        del now_s
        return self.exposure


@pytest.fixture
def terminator() -> Callable[..., Terminator]:
    return Terminator


@pytest.fixture
def rollout_of() -> Callable[..., Any]:
    return make_rollout
