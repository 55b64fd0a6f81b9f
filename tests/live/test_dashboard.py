"""The Grafana dashboard asks only for metrics that exist, and no panel hides another."""

import json
import re
import subprocess
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from simcert.live import _node_metrics
from simcert.live._metrics import Metrics

FILE = Path(__file__).parents[2] / "examples" / "grafana" / "simcert.json"
PANELS: list[dict[str, Any]] = json.loads(FILE.read_text())["panels"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]


def test_panels_have_their_own_numbers_and_places() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    for one, other in combinations((panel["gridPos"] for panel in PANELS), 2):
        apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_x or apart_y
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in PANELS)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_of_an_expression_exists(expression: str) -> None:
    text = (Metrics().text({}) + _node_metrics.text({})).decode()

    for name in re.findall(r"simcert_\w+", expression):
        assert re.search(rf"^{name}[ {{]", text, re.M), name


@pytest.mark.server
@pytest.mark.parametrize("text", [Metrics().text({}), _node_metrics.text({})])
def test_a_real_prometheus_reads_our_metrics_without_complaint(
    text: bytes, needed: Callable[..., None]
) -> None:
    needed("promtool")
    command = ["promtool", "check", "metrics"]
    done = subprocess.run(command, input=text, capture_output=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.server
def test_a_real_prometheus_understands_every_expression(
    tmp_path: Path, needed: Callable[..., None]
) -> None:
    needed("promtool")
    rules = [{"record": f"simcert:{i}", "expr": one} for i, one in enumerate(EXPRESSIONS)]
    file = tmp_path / "rules.json"  # JSON is YAML
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))

    done = subprocess.run(
        ["promtool", "check", "rules", str(file)], capture_output=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
