"""The host that is asked for is checked, and a forecast in which all fail says why."""

import datetime as dt
from pathlib import Path

import pytest

from simcert.errors import InputError
from simcert.lab.predict import Forecast, forecast
from simcert.tls.names import asked_host

CHAINS = Path(__file__).parents[2] / "scenarios" / "chains"


def told(at: dt.datetime, host: str | None = None) -> Forecast:
    old, new = CHAINS / "digicert_g2.pem", CHAINS / "digicert_g2_renewed.pem"
    return forecast(old, new, "web", at=at, host=host)


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("WWW.Example.org.", "www.example.org"),
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("[2001:DB8::0:1]", "2001:db8::1"),
        ("192.0.2.7", "192.0.2.7"),
    ],
)
def test_a_host_is_asked_for_as_clients_write_it(typed: str, asked: str) -> None:
    assert asked_host(typed) == asked


@pytest.mark.parametrize("typed", ["", "a b", "a..b", "https://x/", "-a.example", "a" * 64, "*.x"])
def test_what_is_no_host_is_refused(typed: str) -> None:
    with pytest.raises(InputError, match="no host name"):
        asked_host(typed)


def test_chains_that_fail_anyway_are_not_called_harmless() -> None:
    words = told(dt.datetime(2040, 1, 1, tzinfo=dt.UTC)).words()
    assert "as the old one does already" in words
    assert "expired on" in words


def test_a_host_in_neither_certificate_is_told() -> None:
    at = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
    assert "Neither certificate names other.test." in told(at, "other.test").words()
    assert "Neither certificate" not in told(at).words()
