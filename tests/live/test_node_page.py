"""A node tells its own health and metrics; a real Prometheus reads them without complaint."""

import json
import urllib.request
from collections.abc import Callable

import pytest
from live_fleet import NAMES, FleetRig
from live_rig import Rig, free_port, until
from prometheus_client.parser import text_string_to_metric_families as families

from simcert.live import _config, _node_metrics

EMPTY = _node_metrics.text({"node": "edge1"}).decode()


def samples(text: str) -> dict[str, float]:
    return {row.name: row.value for family in families(text) for row in family.samples}


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except OSError:
        return 0, ""


def test_every_metric_of_a_node_exists_from_the_start() -> None:
    full = {"node": "edge1", "windows_sent": 7, "exposure_ratio": 0.25, "trouble": "store: away"}
    after = samples(_node_metrics.text(full).decode())

    assert after.keys() == samples(EMPTY).keys()
    assert after["simcert_node_windows_sent_total"] == 7
    assert (after["simcert_node_exposure_ratio"], after["simcert_node_trouble"]) == (0.25, 1.0)
    unknown = samples(_node_metrics.text({"exposure_ratio": None}).decode())
    assert unknown["simcert_node_exposure_ratio"] != unknown["simcert_node_exposure_ratio"]  # NaN


def test_a_node_is_served_to_others_only_with_a_token(rig: Rig) -> None:
    with pytest.raises(_config.InputError, match=r"page\.node_listen: 0\.0\.0\.0:9181 can be"):
        rig.config(haproxy='[page]\nnode_listen = "0.0.0.0:9181"')


@pytest.mark.server
@pytest.mark.slow
def test_a_node_tells_how_it_does(rig: Rig, needed: Callable[..., None]) -> None:
    needed("redis-server")
    port = free_port()
    fleet = FleetRig(rig.folder)
    try:
        fleet.edges.pop().close()  # one is enough
        page = f'[page]\nnode_listen = "127.0.0.1:{port}"\n'
        fleet.start("fixed_linear", extra=page)
        base = f"http://127.0.0.1:{port}"
        until(lambda: get(f"{base}/healthz") == (200, "ok"), 60.0)
        sent = "simcert_node_windows_sent_total"
        until(lambda: samples(get(f"{base}/metrics")[1]).get(sent, 0.0) > 0.0, 60.0)

        status = json.loads(get(f"{base}/status")[1])
        assert (status["node"], status["exposure_ratio"]) == (NAMES[0], 0.0)
        assert status["connected"]
        assert not status["trouble"]
        fleet.redis.kill()
        until(lambda: samples(get(f"{base}/metrics")[1]).get("simcert_node_trouble") == 1.0, 60.0)
        assert get(f"{base}/healthz")[0] == 200  # it goes on, and keeps windows
    finally:
        fleet.close()
