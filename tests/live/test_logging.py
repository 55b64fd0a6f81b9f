"""Logs are one JSON object a line, with time, level and event; no secret is in them or journals."""

import io
import json
import logging
import threading
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from live_rig import Rig, controller, entries, finished, until

from simcert.cli.main import code_of
from simcert.errors import MachineError
from simcert.live import _logging
from simcert.live._public import public, why
from simcert.live.webhook_actuator import WebhookActuator

SECRET = "hush-0d9f1c"  # stands where secrets stand: user, path and query of a URL


@given(text=st.text(), field=st.text(), name=st.sampled_from(["phase", "trouble"]))
def test_whatever_is_said_is_one_line_of_json(text: str, field: str, name: str) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_logging.JsonLines())
    extra = _logging.event(name, field=field)

    handler.handle(_record(text, extra))
    try:
        raise ValueError(text)
    except ValueError as error:
        handler.handle(_record("failed", extra, (ValueError, error, error.__traceback__)))

    lines = stream.getvalue().split("\n")
    assert lines.pop() == ""
    first, second = map(json.loads, lines)
    assert (first["text"], first["field"], first["event"]) == (text, field, name)
    assert first["level"] == "info"
    assert datetime.fromisoformat(first["time"]).tzinfo is not None
    assert "ValueError" in second["trace"]


def _record(text: str, extra: dict[str, Any], failed: Any = None) -> logging.LogRecord:
    return logging.getLogger("simcert.live").makeRecord(
        "simcert.live", logging.INFO, "file", 1, "%s", (text,), failed, extra=extra
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"https://hooks.example/services/{SECRET}?key={SECRET}", "https://hooks.example"),
        (f"redis://:{SECRET}@10.0.0.5:6379/0", "redis://10.0.0.5:6379"),
        (f"rediss://app:{SECRET}@[::1]:6379", "rediss://[::1]:6379"),
        (f"http://[{SECRET}", "a URL"),
    ],
)
def test_of_a_url_nothing_is_shown_that_may_be_a_secret(url: str, shown: str) -> None:
    assert public(url) == shown


class Deaf(BaseHTTPRequestHandler):
    """Notes what it was told, and answers 500."""

    told: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).told.append(json.loads(body))
        self.send_error(500)

    def do_PUT(self) -> None:
        self.do_POST()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def deaf() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    Deaf.told = []
    server = HTTPServer(("127.0.0.1", 0), Deaf)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/{SECRET}?key={SECRET}", Deaf.told
    server.shutdown()
    server.server_close()


def test_an_actuator_that_fails_does_not_tell_its_url(deaf: tuple[str, list[Any]]) -> None:
    with pytest.raises(MachineError, match="HTTP 500") as caught:
        WebhookActuator(deaf[0], "bearer-" + SECRET).apply(0.5, 0.0)

    assert SECRET not in str(caught.value)
    assert SECRET not in why(OSError("refused"))


@pytest.mark.server
@pytest.mark.slow
def test_a_flight_logs_json_and_tells_phases_and_no_secret(
    rig: Rig, deaf: tuple[str, list[dict[str, Any]]]
) -> None:
    url, told = deaf
    slow = "fixed_linear:step=0.1,every_s=600"
    config = rig.config(slow, haproxy=f'[notify]\nurl = "{url}"')
    rig.start(config)
    process = controller(config, "--unvalidated")
    try:
        until(lambda: (config.run / "journal.jsonl").exists() and entries(config, "confirm"), 60.0)
        assert code_of(["live", "abort", str(config.path)]) == 0
    except BaseException:
        process.kill()
        raise
    code, _, err = finished(process, 60.0)

    assert code == 1
    assert [one["phase"] for one in told] == ["probing", "rolled_back"]  # by a word, too
    said = [json.loads(line) for line in err.splitlines()]
    assert all({"time", "level", "event", "text"} <= one.keys() for one in said)
    assert {"decision", "phase", "operator"} <= {one["event"] for one in said}
    journal = (config.run / "journal.jsonl").read_text()
    keys = [(rig.folder / name).read_text() for name in ("old.pem", "new.pem")]
    private = [line for key in keys for line in key.split("PRIVATE KEY-----")[1].splitlines()[1:-1]]
    assert private
    for text in (err, journal):
        assert SECRET not in text
        assert not any(line in text for line in private)
