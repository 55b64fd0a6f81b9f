"""What is a unit of HAProxy's records: the handshake that began first, one for each coin."""

import socket
import ssl
import time
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pytest
from live_authority import HOST
from live_rig import Rig

from simcert.live import _config
from simcert.live._receiver import Receiver
from simcert.live._setup import HaproxySetup
from simcert.live.haproxy_feed import HaproxyFeed
from simcert.live.haproxy_plan import HaproxyPlan
from simcert.model import NEW, OLD, RecordBatch

CONFIG = """\
schema = 1
[certificates]
old = "old.pem"
new = "new.pem"
[haproxy]
listen = "127.0.0.1:8443"
[plan]
window_s = 60.0
slices = 1
"""


def row(start_s: float, arm: int, outcome: str) -> RecordBatch:
    zero = np.zeros(1, np.uint8)
    return RecordBatch(
        ("a",),
        (outcome,),
        np.array([start_s]),
        np.array([start_s]),
        np.array([40.0], np.float32),
        np.array([7]),
        zero,
        zero + np.uint8(arm),
        zero,
        np.zeros(1, np.uint16),
        zero,
        np.array([3]),
    )


def feed_of(
    folder: Path, more: str = "", now_s: float = 0.0
) -> tuple[HaproxySetup, HaproxyFeed, float]:
    """Return what listens under a configuration, and until when a slice stays open."""
    (folder / "live.toml").write_text(CONFIG.replace("[plan]", f"{more}\n[plan]"))
    config = _config.load(folder / "live.toml")
    assert config.haproxy is not None
    config.run.mkdir(0o700)
    setup = HaproxySetup(config, config.haproxy)
    bundle = SimpleNamespace(ecdsa=False)
    clock = SimpleNamespace(epoch_s=0.0, now=lambda: now_s, behind_s=float)
    feed = setup.feed(clock, {"old": bundle, "new": bundle})
    assert isinstance(feed, HaproxyFeed)
    return setup, feed, config.grace


def test_a_client_whose_first_handshake_hangs_is_a_unit_that_hung(tmp_path: Path) -> None:
    setup, feed, grace = feed_of(tmp_path)
    feed.exposed(0.5, 0.0)
    feed.windower.add(row(2.0, OLD, "ok"))
    feed.windower.add(row(1.0, NEW, "hang"))
    (window,) = feed.windower.close(60.0 + grace)
    setup.close()

    assert (window.tally().n_new, window.tally().f_new, window.tally().n_old) == (1, 1, 0)


@pytest.mark.parametrize(
    ("assignment", "hashed"),
    [("per_connection", False), ("salted_per_window", True), ("salted_per_stage", True)],
)
def test_a_unit_has_a_coin_of_its_own(tmp_path: Path, assignment: str, hashed: bool) -> None:
    setup, feed, _ = feed_of(tmp_path, f'assignment = "{assignment}"')
    setup.close()

    assert feed.records.hashed == hashed


@pytest.mark.parametrize(
    ("assignment", "first_s"), [("per_connection", 30.0), ("salted_per_window", 60.0)]
)
def test_after_a_restart_no_coin_of_a_window_has_a_second_unit(
    tmp_path: Path, assignment: str, first_s: float
) -> None:
    # what was a unit in the first slices of this window is in the journal, and nowhere else
    more = f'assignment = "{assignment}"'
    config = CONFIG.replace("slices = 1", "slices = 4")
    with patch(f"{__name__}.CONFIG", config):
        setup, feed, grace = feed_of(tmp_path, more, now_s=20.0)
    feed.exposed(0.5, 20.0)
    feed.windower.add(row(35.0, NEW, "hang"))
    feed.exposed(0.5, 120.0)
    windows = feed.poll(120.0 + grace)
    setup.close()

    assert [one.start_s for one in windows] == list(np.arange(first_s, 120.0, 15.0))


def test_names_of_clients_have_a_key_that_nobody_knows(tmp_path: Path) -> None:
    keys = []
    for life in range(2):
        (tmp_path / str(life)).mkdir()
        setup, feed, _ = feed_of(tmp_path / str(life))
        setup.close()
        keys.append(feed.records.key)

    assert keys[0] != keys[1]
    assert all(key % 2 == 1 and key > 1 for key in keys)


@pytest.mark.server
def test_the_slowest_handshake_is_told_before_its_slice_is_closed(rig: Rig) -> None:
    # nearly as long as it may for the handshake, then again as long without a request
    rig.config()
    path = rig.folder / "live.toml"
    text = path.read_text().replace("grace_s = 0.2\n", "")
    path.write_text(text.replace("handshake_timeout_s = 1.0", "handshake_timeout_s = 3.0"))
    config = _config.load(path)
    rig.start(config)
    assert config.haproxy is not None
    receiver = Receiver(HaproxyPlan(config.run, config.haproxy).records)
    while not receiver.connected:
        receiver.take()
        time.sleep(0.05)
    began_s = time.monotonic()
    with socket.create_connection(("127.0.0.1", rig.port)) as raw:
        time.sleep(2.8)
        context = ssl.create_default_context(cafile=rig.both)
        with context.wrap_socket(raw, server_hostname=HOST):
            while not any(ends for _, ends in receiver.take()):
                assert time.monotonic() < began_s + 20.0
                time.sleep(0.02)
            told_s = time.monotonic() - began_s
    receiver.close()

    assert 5.5 < told_s < config.grace
