"""Reports of strangers: counted within limits, and never able to do more than be counted."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from live_rig import free_port

from simcert.live.nel_collector import ADDRESSES_MAX, PER_ADDRESS_BURST, NelCollector


def report(kind: str = "tls.cert.authority_invalid", **changes: Any) -> dict[str, Any]:
    body = {"type": kind, "phase": "connection", "sampling_fraction": 1.0, "elapsed_time": 29}
    plain = {"age": 0, "type": "network-error", "url": "https://demo.test:8460/x", "body": body}
    return plain | changes


def collector(now: list[float] | None = None) -> NelCollector:
    moments = now or [0.0]
    return NelCollector(frozenset({"demo.test"}), lambda: moments[0])


def test_reports_about_our_hosts_are_counted_by_cause() -> None:
    one = collector()

    status = one.take(
        json.dumps([report(), report("tls.cert.date_invalid"), report()]).encode(), "a"
    )

    assert status == 204
    assert one.shown()["counted"] == {"tls.cert.authority_invalid": 2, "tls.cert.date_invalid": 1}


@pytest.mark.parametrize(
    "bad",
    [
        report(url="https://other.test/"),
        report(age=10**9),
        report(age=-1),
        report(age="0"),
        report(type="csp-violation"),
        report(body=[]),
        report(url="https://[broken"),
        report(url=7),
        "text",
    ],
)
def test_what_is_not_about_us_or_not_in_shape_counts_nothing(bad: object) -> None:
    one = collector()

    one.take(json.dumps([bad]).encode(), "a")

    assert one.shown()["counted"] == {}


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"x" * 70_000, 413), (b"[", 400), (b"{}", 400), (b"[1," * 9000, 400), (b"[" * 60_000, 400)],
)
def test_what_is_too_large_or_no_list_is_refused(body: bytes, status: int) -> None:
    assert collector().take(body, "a") == status


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail(body: bytes) -> None:
    assert collector().take(body, "a") in (204, 400)


def test_a_loud_address_is_muted_and_others_are_not() -> None:
    now = [0.0]
    one = collector(now)
    said = [one.take(b"[]", "loud") for _ in range(100)]

    assert said.count(204) == PER_ADDRESS_BURST
    assert one.take(b"[]", "quiet") == 204
    now[0] = 5.0
    assert [one.take(b"[]", "loud") for _ in range(6)].count(204) == 5


def test_memory_is_bounded_whoever_posts() -> None:
    one = collector()
    for i in range(ADDRESSES_MAX + 500):
        one.take(b"[]", str(i))

    assert len(one._addresses) == ADDRESSES_MAX
    for kind in ("tls.x" + str(i) for i in range(500)):
        one._count(report(kind))
    assert set(one.shown()["counted"]) == set()


def test_a_browser_s_way_works_over_http() -> None:
    one = NelCollector(frozenset({"demo.test"}))
    where = f"127.0.0.1:{free_port()}"
    one.serve(where)

    def asked(method: str, kind: str = "application/reports+json", size: int = 0) -> int:
        body = json.dumps([report()]).encode() + b" " * size
        headers = {"Content-Type": kind}
        url = f"http://{where}/nel"
        asking = urllib.request.Request(url, body, headers, method=method)
        try:
            with urllib.request.urlopen(asking, timeout=5) as answer:
                assert answer.headers["Access-Control-Allow-Origin"] == "*"
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    try:
        assert asked("OPTIONS") == 204
        assert asked("POST") == 204
        assert asked("POST", "text/plain") == 415
        assert asked("POST", size=70_000) == 413
        assert asked("GET") == 405
    finally:
        one.close()
    assert one.shown()["counted"] == {"tls.cert.authority_invalid": 1}
