"""The status page and the metrics of a running flight, as people and Prometheus see them."""

import os
import re
import shutil
import signal
import urllib.request
from typing import Any

import pytest
from live_rig import Rig, controller, finished, free_port, until

from simcert.live._metrics import OUTCOMES, Metrics
from simcert.model import Kind, Window

CHROMIUM = shutil.which("chromium")


def get(url: str) -> tuple[int, str]:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.status, answer.read().decode()


def samples(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    from prometheus_client.parser import text_string_to_metric_families as families

    rows = [row for family in families(text) for row in family.samples]
    return {(row.name, tuple(row.labels.values())): row.value for row in rows}


def test_every_label_set_exists_from_the_start_and_counters_only_grow() -> None:
    metrics = Metrics()
    before = samples(metrics.text({}).decode())

    metrics.window(Window.of(new=(50, 3), old=(100, 0)))
    metrics.decision(Kind.RAISE)
    after = samples(metrics.text({"phase": "ramping"}).decode())

    assert before.keys() == after.keys()
    assert sum(name == "simcert_handshakes_total" for name, _ in before) == 2 * len(OUTCOMES)
    assert after["simcert_handshakes_total", ("new", "trust_alert")] == 3
    assert after["simcert_handshakes_total", ("new", "ok")] == 47
    assert after["simcert_decisions_total", ("raise",)] == 1
    assert after["simcert_rollout_phase", ("ramping",)] == 1
    assert all(after[key] >= value for key, value in before.items() if key[0].endswith("_total"))


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.browser
def test_the_page_shows_the_flight_in_a_browser(rig: Rig) -> None:
    port = free_port()
    config = rig.config(
        "fixed_linear:step=0.1,every_s=600", haproxy=f'[page]\nlisten = "127.0.0.1:{port}"'
    )
    rig.start(config)
    rig.traffic(rate=30.0)
    process = controller(config, "--unvalidated")
    base = f"http://127.0.0.1:{port}"
    until(lambda: _up(f"{base}/healthz"), 60.0)

    text = get(f"{base}/metrics")[1]
    assert samples(text)["simcert_exposure_target_ratio", ()] == 0.1
    shown = _in_browser(base)
    process.send_signal(signal.SIGTERM)
    finished(process, 10.0)

    if shown is not None:
        assert re.match(r"complete in (89|90) min if", shown.pop("eta"))  # nine steps more
        assert shown.pop("turns").startswith("raise in ")
        assert int(shown.pop("drawn")) >= 2  # success of the old arm, window by window
        assert shown == {
            "exposure": "10.00 %",
            "warning": "",
            "moves": True,
            "ended": "",
            "phone": True,
            "errors": [],
        }


def _up(url: str) -> bool:
    try:
        return get(url)[0] == 200
    except OSError:
        return False


def _in_browser(base: str) -> dict[str, Any] | None:
    if CHROMIUM is None:
        if "CI" in os.environ:
            pytest.fail("Chromium is missing: apt-get install chromium")
        return None
    from playwright.sync_api import sync_playwright

    errors: list[str] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(base)
        exposed = "document.getElementById('exposure').textContent === '10.00 %'"
        page.wait_for_function(f"() => {exposed}")
        begins = "document.getElementById('eta').textContent.startsWith('complete')"
        page.wait_for_function(f"() => {begins}")
        points = "document.getElementById('old').points.numberOfItems"
        page.wait_for_function(f"() => {points} >= 2")
        page.set_viewport_size({"width": 390, "height": 844})
        wide = page.evaluate("document.documentElement.scrollWidth")
        found = {
            "eta": page.text_content("#eta"),
            "turns": page.text_content("#turns"),
            "ended": page.text_content("#ended"),
            "drawn": page.evaluate(points),
            "phone": wide == 390,  # nothing sticks out of a small screen
            "exposure": page.text_content("#exposure"),
            "warning": page.text_content("#warning"),
            "moves": "fixed schedule" in (page.text_content("#moves") or ""),
            "errors": errors,
        }
        browser.close()
    return found
