"""Cohorts of a world: each client meets both certificates, at every validity date.

A client's verdict can only change when a certificate starts or ceases to be valid by its own clock,
so `tls.predict` is asked once per such moment within the horizon (RFC 5280 section 4.1.2.5).
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from simcert.errors import InputError, UnknownNameError
from simcert.scenario.schema import (
    ArrivalsTable,
    BackgroundTable,
    CohortTable,
    NetworkTable,
    ReportsTable,
    RetryTable,
    Scenario,
)
from simcert.tls import (
    CertificateChain,
    Client,
    Prediction,
    ServerSettings,
    TrustStore,
    catalogue,
    mixes,
    predict,
)
from simcert.world.spec import (
    Arrivals,
    Background,
    Cohort,
    Encounter,
    Network,
    Reports,
    Resumption,
    Retry,
    Seen,
)


@dataclass(frozen=True, slots=True)
class Meeting:
    """Both chains and the server, read once per scenario."""

    old: CertificateChain
    new: CertificateChain
    server: ServerSettings
    host: str | None
    at: dt.datetime
    horizon_s: float


def cohorts(scenario: Scenario) -> tuple[Cohort, ...]:
    """Return every cohort of a scenario; InputError if a file, client or mix is unusable."""
    meeting = Meeting(
        old=_chain(scenario, scenario.certificates.old, "certificates.old"),
        new=_chain(scenario, scenario.certificates.new, "certificates.new"),
        server=ServerSettings(versions=scenario.server.versions),
        host=scenario.certificates.host,
        at=scenario.certificates.at,
        horizon_s=scenario.traffic.horizon_s,
    )
    return tuple(_cohort(scenario, meeting, one) for one in members(scenario))
