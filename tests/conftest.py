"""Fast tests first; and a seal that makes clocks, global randomness and sockets raise."""

import os
import random
import secrets
import shutil
import socket
import time
import uuid
from collections.abc import Callable

import hypothesis
import numpy as np
import pytest

hypothesis.settings.register_profile("dev", max_examples=25, deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if "CI" in os.environ else "dev")

SEALED = {
    time: ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "sleep"),
    random: ("random", "randint", "choice", "shuffle", "getrandbits"),
    np.random: ("random", "rand", "randn", "normal", "default_rng", "seed"),
    secrets: ("token_bytes", "token_hex"),
    uuid: ("uuid1", "uuid4"),
    socket: ("socket", "create_connection"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


@pytest.fixture(scope="session")
def needed() -> Callable[..., None]:
    """Return a function that skips a test without its programs, and fails it in CI."""

    def check(*programs: str) -> None:
        found = f"{os.environ['PATH']}:/usr/sbin"  # where Debian has its servers
        missing = [one for one in programs if shutil.which(one, path=found) is None]
        if missing:
            (pytest.fail if "CI" in os.environ else pytest.skip)(f"not installed: {missing}")

    return check


@pytest.fixture
def sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The core gets time and randomness handed in: taking either itself raises."""

    def raiser(name: str) -> Callable[..., object]:
        def refuse(*_: object, **__: object) -> object:
            raise AssertionError(f"the core called {name}")

        return refuse

    for module, names in SEALED.items():
        for name in names:
            monkeypatch.setattr(module, name, raiser(f"{module.__name__}.{name}"))
