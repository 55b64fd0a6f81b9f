"""Encounters: what one kind of client makes of both certificates, at every validity date.

A verdict can only change when a certificate starts or ceases to be valid by the client's own clock,
so `tls.predict` is asked once per such moment within the horizon (RFC 5280 section 4.1.2.5).
"""

import datetime as dt
from dataclasses import dataclass, replace
from typing import Self

from simcert.model import NEW, OLD
from simcert.scenario import places
from simcert.scenario.schema import CohortTable, Scenario
from simcert.tls import CertificateChain, Client, ServerSettings, TrustStore, predict
from simcert.tls.certificate import Certificate
from simcert.tls.roots import Root
from simcert.world.spec import Encounter, Seen


@dataclass(frozen=True, slots=True)
class Meeting:
    """Both chains and the server, read once per scenario."""

    chains: tuple[CertificateChain, CertificateChain]  # old, new
    servers: tuple[ServerSettings, ServerSettings]  # of each arm
    host: str | None
    at: dt.datetime
    horizon_s: float

    @classmethod
    def of(cls, scenario: Scenario) -> Self:
        """Return the meeting of a scenario; InputError if a PEM file is unusable."""
        told = scenario.certificates
        old, new = (
            _chain(scenario, key, name) for key, name in (("old", told.old), ("new", told.new))
        )
        server = ServerSettings(versions=scenario.server.versions)
        second = told.fallback and _chain(scenario, "fallback", told.fallback)
        return cls(
            chains=(old, new),
            servers=(server, replace(server, second=second or None)),
            host=told.host or _host(new),
            at=told.at,
            horizon_s=scenario.traffic.horizon_s,
        )


def _chain(scenario: Scenario, key: str, name: str) -> CertificateChain:
    with places.at(scenario, f"certificates.{key}"):
        return CertificateChain.from_pem(scenario.folder / name)


def encounters(meeting: Meeting, client: Client, trust: TrustStore | None) -> tuple[Encounter, ...]:
    """Ask at the epoch, and again whenever a date passes by the client's own clock."""
    moments = [0.0, *_boundaries(meeting, trust or client.trust, client.clock_offset_s)]
    found: list[Encounter] = []
    for at_s in moments:
        at = meeting.at + dt.timedelta(seconds=at_s)
        old, new = (_seen(meeting, arm, client, trust, at) for arm in (OLD, NEW))
        if not found or (found[-1].old, found[-1].new) != (old, new):
            found.append(Encounter(at_s, old, new))
    return tuple(found)


def _seen(
    meeting: Meeting, arm: int, client: Client, trust: TrustStore | None, at: dt.datetime
) -> Seen:
    chain, server = meeting.chains[arm], meeting.servers[arm]
    told = predict(client, chain, server, trust=trust, host=meeting.host, at=at)
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
    store = trust or TrustStore()
    fallback = meeting.servers[NEW].second
    chains = [*meeting.chains, *([fallback] if fallback else [])]
    known: list[Certificate | Root] = [*store.certificates, *store.roots]
    known += [one for chain in chains for one in chain.certificates]
    dates = {date for one in known for date in (one.not_before, one.not_after)}
    moments = {(date - meeting.at).total_seconds() - clock_offset_s for date in dates}
    # a certificate is still valid in the very second of notAfter
    return sorted(moment + 1.0 for moment in moments if -1.0 < moment < meeting.horizon_s)


def _host(chain: CertificateChain) -> str | None:
    """First DNS name of a leaf; of a wildcard, a name below it."""
    names = chain.leaf.dns_names or chain.leaf.common_names
    return names[0].replace("*", "www", 1) if names else None


def trust_of(scenario: Scenario, one: CohortTable, place: str) -> TrustStore | None:
    """Roots of a cohort (told at `place`), or everybody's; None for those its client ships with."""
    given = (
        (f"{place}.trust", one.trust),
        ("population.trust", scenario.population.trust),
        ("certificates.trust", scenario.certificates.trust),
    )
    key, names = next(((key, trust) for key, trust in given if trust), ("", None))
    if names is None:
        return None
    files = [scenario.folder / name for name in names if name.endswith(".pem")]
    with places.at(scenario, key):
        local = [one for file in files for one in TrustStore.from_pem(file).certificates]
        public = TrustStore.named(name for name in names if not name.endswith(".pem"))
    return TrustStore(tuple(local), public.roots, ", ".join(names))
