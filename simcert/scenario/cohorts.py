"""Cohorts of a world: the clients of a population, each having met both certificates."""

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TypeVar

from simcert.errors import InputError, UnknownNameError
from simcert.model import OLD
from simcert.scenario import places
from simcert.scenario.encounters import Meeting, encounters, trust_of
from simcert.scenario.files import read_toml
from simcert.scenario.schema import ArrivalsTable, CohortTable, Scenario
from simcert.scenario.strict import shown
from simcert.tls import CertificateChain, Client, catalogue, mixes
from simcert.world.spec import (
    Arrivals,
    Background,
    Cohort,
    Network,
    Reports,
    Resumption,
    Retry,
)

Part = TypeVar("Part", Background, Retry, Network, Reports)


def cohorts(scenario: Scenario) -> tuple[Cohort, ...]:
    """Return every cohort of a scenario; InputError if a file, client or mix is unusable."""
    meeting = Meeting.of(scenario)
    own = len(scenario.cohort)
    return tuple(
        _cohort(scenario, meeting, one, f"cohort[{i}]" if i < own else "population.mix")
        for i, one in enumerate(members(scenario))
    )


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
    with places.at(scenario, "population.mix"):
        if name.endswith(".toml"):
            return mix_file(scenario.folder / name)
        known = mixes()
        if name not in known:
            raise UnknownNameError("population", name, known)
    return known[name]


def _cohort(scenario: Scenario, meeting: Meeting, one: CohortTable, place: str) -> Cohort:
    """Return one cohort, told at `place`; `[population]` and `[traffic]` say what it does not."""
    population, traffic = scenario.population, scenario.traffic
    client = _client(one, scenario, place).pinned_to(meeting.chains[OLD])
    share = one.resumption if one.resumption is not None else traffic.resumption
    followed = traffic.ticket_life_s if share is None else None
    return Cohort(
        name=one.name or one.client,
        segment=one.segment or client.segment,
        share=one.share,
        clients=one.clients or max(1, round(traffic.clients * one.share)),
        encounters=encounters(meeting, client, trust_of(scenario, one, place)),
        arrivals=_arrivals(scenario, one.arrivals),
        background=_like(Background, one.background or population.background),
        resumption=Resumption(share or 0.0, followed),
        retry=_like(Retry, one.retry or population.retry),
        network=_like(Network, one.network or population.network),
        reports=_like(Reports, one.reports or population.reports),
        activity_sigma=one.activity_sigma,
        prefixes=one.prefixes,
    )


def _client(one: CohortTable, scenario: Scenario, place: str) -> Client:
    """Return a client of the catalogue, with the clock and the pins of its table."""
    known = catalogue()
    if one.client not in known:
        with places.at(scenario, place if place == "population.mix" else f"{place}.client"):
            raise UnknownNameError("client", one.client, known)
    with places.at(scenario, f"{place}.pins"):
        files = [CertificateChain.from_pem(scenario.folder / name) for name in one.pins]
    pins = frozenset(each.fingerprint for chain in files for each in chain.certificates)
    client = known[one.client].rooted()
    offset_s = client.clock_offset_s + one.clock_offset_s
    return replace(client, clock_offset_s=offset_s, pins=pins or client.pins)


def mix_file(path: Path) -> Mapping[str, float]:
    """Return the shares in the `[clients]` table of a population file."""
    table = read_toml(path)
    shares = table.get("clients")
    if not isinstance(shares, dict) or not shares:
        raise InputError(f"{path}: table [clients] with shares is missing")
    bad = [
        name
        for name, share in shares.items()
        if type(share) not in (int, float) or not 0.0 <= share <= 1.0
    ]
    if bad:
        got = shown(shares[bad[0]])
        raise InputError(f"{path}: clients.{bad[0]}: must be a share in [0, 1], got {got}")
    total = sum(shares.values())
    if abs(total - 1.0) > 1e-6:
        raise InputError(f"{path}: shares of [clients] sum to {total:.9g}, must sum to 1")
    return shares


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


def _like(part: type[Part], table: object) -> Part:
    """Return a part of the world from the table that has the same fields."""
    return part(**{one.name: getattr(table, one.name) for one in fields(part)})
