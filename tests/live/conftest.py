"""Fixtures: a rig per test, in a folder whose name is short enough for unix sockets."""

import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # helpers beside the tests

from live_rig import HAPROXY, Rig
from live_web import Web


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if HAPROXY is None and "CI" not in os.environ:
        skip = pytest.mark.skip(reason="haproxy is not installed: apt-get install haproxy")
        for item in items:
            if "rig" in getattr(item, "fixturenames", ()):
                item.add_marker(skip)


@pytest.fixture
def rig() -> Iterator[Rig]:
    folder = Path(tempfile.mkdtemp(prefix="simcert"))
    one = Rig(folder)
    yield one
    one.close()
    shutil.rmtree(folder)


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
