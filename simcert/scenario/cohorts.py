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


def members(scenario: Scenario) -> tuple[CohortTable, ...]:
    """Return the cohorts of the file, then those of its mix, whose shares fill what is left."""
    population, own = scenario.population, scenario.cohort
    if population.mix is None:
        return own
    left = 1.0 - sum(one.share for one in own)
    scale = left if population.scale is None else population.scale
    names = {one.name or one.client for one in own}
    mixed = tuple(
        CohortTable(client, share * scale, name=f"{client} (mix)" if client in names else None)
        for client, share in mix(scenario, population.mix).items()
    )
    return own + mixed


def mix(scenario: Scenario, name: str) -> Mapping[str, float]:
    """Return client -> share of a built-in population, or of a file made by `population import`."""
    if name.endswith(".toml"):
        return _mix_file(scenario.folder / name)
    known = mixes()
    if name not in known:
        raise UnknownNameError("population", name, known)
    return known[name]


def _cohort(scenario: Scenario, meeting: Meeting, one: CohortTable) -> Cohort:
    """Return one cohort; what its table does not say comes from `[population]` and `[traffic]`."""
    population, traffic = scenario.population, scenario.traffic
    client = _client(one, scenario)
    share = one.resumption if one.resumption is not None else traffic.resumption
    followed = traffic.ticket_life_s if share is None else None
    return Cohort(
        name=one.name or one.client,
        segment=one.segment or client.segment,
        share=one.share,
        clients=one.clients or max(1, round(traffic.clients * one.share)),
        encounters=_encounters(meeting, client, _trust(scenario, one), one.clock_offset_s),
        arrivals=_arrivals(scenario, one.arrivals),
        background=_like(Background, one.background or population.background),
        resumption=Resumption(share or 0.0, followed),
        retry=_like(Retry, one.retry or population.retry),
        network=_like(Network, one.network or population.network),
        reports=_like(Reports, one.reports or population.reports),
        activity_sigma=one.activity_sigma,
    )


def _encounters(
    meeting: Meeting, client: Client, trust: TrustStore | None, clock_offset_s: float
) -> tuple[Encounter, ...]:
    """Ask at the epoch, and again whenever a date passes by the client's own clock."""
    moments = [0.0, *_boundaries(meeting, trust, clock_offset_s)]
    found: list[Encounter] = []
    for at_s in moments:
        at = meeting.at + dt.timedelta(seconds=at_s + clock_offset_s)
        old, new = (_seen(meeting, client, chain, trust, at) for chain in meeting.chains)
        if not found or (found[-1].old, found[-1].new) != (old, new):
            found.append(Encounter(at_s, old, new))
    return tuple(found)


def _seen(
    meeting: Meeting,
    client: Client,
    chain: CertificateChain,
    trust: TrustStore | None,
    at: dt.datetime,
) -> Seen:
    told = predict(client, chain, meeting.server, trust=trust, host=meeting.host, at=at)
    return Seen(
        outcomes=((told.seen, 1.0),),
        flight_bytes=told.flight_bytes,
        server_cpu_us=told.server_cpu_us,
        client_cpu_us=told.client_cpu_us,
        answers_after_s=told.answers_after_s,
        connections=told.connections,
        ecdsa=told.ecdsa,
        reason=told.reason,
    )


def _boundaries(meeting: Meeting, trust: TrustStore | None, clock_offset_s: float) -> list[float]:
    """Moments within the horizon at which any certificate in play starts or stops being valid."""
    own = [cert for chain in meeting.chains for cert in chain.certificates]
    roots = list(trust.certificates) if trust is not None else []
    dates = {d for cert in own + roots for d in (cert.not_before, cert.not_after)}
    moments = {(date - meeting.at).total_seconds() - clock_offset_s for date in dates}
    # a certificate is still valid in the very second of notAfter
    return sorted(m + 1.0 for m in moments if -1.0 < m < meeting.horizon_s)


def _arrivals(scenario: Scenario, own: ArrivalsTable | None) -> Arrivals:
    traffic = scenario.traffic
    wave = own or ArrivalsTable(diurnal=traffic.diurnal, peak_h=traffic.peak_h)
    return Arrivals(
        diurnal=wave.diurnal,
        peak_s=wave.peak_h * 3600.0,
        pulse_at_s=None if wave.pulse_at_h is None else wave.pulse_at_h * 3600.0,
        pulse_width_s=wave.pulse_width_s,
        pulse_period_s=wave.pulse_period_s,
        session_mean_s=wave.session_mean_s,
    )
