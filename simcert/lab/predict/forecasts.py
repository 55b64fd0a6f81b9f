"""Forecast: which clients a new certificate breaks, before anyone is exposed to it."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcert.errors import InputError, UnknownNameError
from simcert.lab import outputs
from simcert.lab.population import shares_of
from simcert.lab.predict.remedies import remedy
from simcert.tls import (
    CertificateChain,
    Client,
    Prediction,
    ServerSettings,
    TrustStore,
    catalogue,
    predict,
)
from simcert.tls.names import asked_host
from simcert.tls.prediction import Meeting as Encounter
from simcert.tls.prediction import first_name, meet

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

VERSIONS = ("1.2", "1.3")


@dataclass(frozen=True, slots=True)
class Meeting:
    """What all clients of a forecast have in common."""

    old: CertificateChain
    new: CertificateChain
    server: ServerSettings
    host: str | None
    at: dt.datetime
    trust: TrustStore | None = None

    def predict(self, client: Client, chain: CertificateChain) -> Prediction:
        """Return what this client makes of one of the chains."""
        return predict(client, chain, self.server, trust=self.trust, host=self.host, at=self.at)

    def meet(self, client: Client, chain: CertificateChain) -> Encounter:
        """Return what `predict` judges: for those who want to see each step."""
        return meet(client, chain, self.server, trust=self.trust, host=self.host, at=self.at)


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of client, and what it makes of both chains."""

    client: Client
    share: float
    old: Prediction
    new: Prediction
    remedy: str | None = None

    @property
    def title(self) -> str:
        """What people call this client."""
        return self.client.title or self.client.name

    @property
    def breaks(self) -> bool:
        """Whether this client works today and would not work with the new certificate."""
        return self.old.client_ok and not self.new.client_ok

    @property
    def heals(self) -> bool:
        """Whether the new certificate mends this client."""
        return self.new.client_ok and not self.old.client_ok


@dataclass(frozen=True, slots=True)
class Forecast:
    """The whole answer: a row per client, largest share first."""

    population: str
    meeting: Meeting = field(repr=False)
    rows: tuple[Row, ...] = field(repr=False)

    @property
    def broken(self) -> tuple[Row, ...]:
        """Clients that would break, largest share first."""
        return tuple(row for row in self.rows if row.breaks)

    @property
    def affected_share(self) -> float:
        """Share of connections that would fail because of the new certificate."""
        return sum(row.share for row in self.broken)

    @property
    def clients(self) -> "pd.DataFrame":
        """One row a client: share of connections, outcome with either chain, reason and remedy."""
        import pandas as pd

        rows = [
            {**_told(row), "name": row.title, "heals": row.heals, "remedy": row.remedy}
            for row in self.rows
        ]
        return pd.DataFrame(rows, columns=CLIENT_COLUMNS)

    @property
    def handshake(self) -> "pd.DataFrame":
        """One row a chain and figure of one full handshake: arm, figure, value."""
        import pandas as pd

        rows = [(arm, k, v) for arm in ("old", "new") for k, v in self.cost(arm).items()]
        return pd.DataFrame(rows, columns=["arm", "figure", "value"])

    def plot(self) -> "Figure":
        """Return which clients break, by share, and the alert or silence that the server sees."""
        from simcert.lab.figures.shares import plot_forecast

        return plot_forecast(self)

    def _repr_html_(self) -> str:
        from simcert.lab.predict.notebook import forecast_html

        return forecast_html(self)

    def words(self) -> str:
        """Return the answer for people: verdict, table, advice."""
        from simcert.lab.predict.words import in_words

        return in_words(self)

    def page(self) -> str:
        """Return the answer as one self-contained HTML page."""
        from simcert.lab.predict.page import page

        return page(self)

    def explain(self, name: str) -> str:
        """Return one client's decision about both chains, step by step."""
        from simcert.lab.predict.explain import explained

        known = catalogue()
        if name not in known:
            raise UnknownNameError("client", name, known)
        return explained(self.meeting, known[name].rooted())

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as `simcert predict --json` prints it."""
        return {
            "clients": [_told(row) for row in self.rows],
            "affected_share": self.affected_share,
            "handshake": {
                arm: {name: value for name, value in self.cost(arm).items() if name in MEAN_COSTS}
                for arm in ("old", "new")
            },
        }

    def cost(self, arm: str) -> dict[str, float | None]:
        """Return the mean handshake of the clients that accept a chain, weighted by share."""
        met = [(getattr(row, arm), row.share) for row in self.rows]
        good = [(one, share) for one, share in met if one.client_ok and share > 0.0]
        return {name: _mean(good, attribute) for name, attribute in COSTS.items()}


CLIENT_COLUMNS = [
    *("client", "name", "share", "old", "new", "breaks", "heals", "reason", "remedy"),
]
MEAN_COSTS = ("bytes", "flights", "server_cpu_us", "client_cpu_us")  # as `--json` has them
COSTS = {
    "bytes": "flight_bytes",
    "flights": "flights",
    "quic_flights": "quic_flights",
    "server_cpu_us": "server_cpu_us",
    "client_cpu_us": "client_cpu_us",
}


def forecast(
    old: str | Path,
    new: str | Path,
    population: str,
    *,
    at: dt.datetime,
    host: str | None = None,
    trust: Sequence[str | Path] = (),
    versions: Sequence[str] = VERSIONS,
) -> Forecast:
    """Return who breaks when the chain in file `old` is replaced by the one in file `new`.

    `population` is a built-in one, a file made by `population import`, or the name of one client;
    `trust` are PEM files of roots for all clients instead of each one's own store.
    """
    meeting = Meeting(
        old=CertificateChain.from_pem(old),
        new=(chain := CertificateChain.from_pem(new)),
        server=ServerSettings(versions=tuple(versions)),
        host=first_name(chain) if host is None else asked_host(host),
        at=at,
        trust=_trust(trust),
    )
    shares = shares_of(population)
    rows = sorted(_rows(meeting, shares), key=lambda row: (-row.share, row.client.name))
    return Forecast(population, meeting, tuple(rows))


def _rows(meeting: Meeting, shares: Mapping[str, float]) -> Iterator[Row]:
    known = catalogue()
    for name, share in shares.items():
        if name not in known:
            raise UnknownNameError("client", name, known)
        client = known[name].rooted().pinned_to(meeting.old)
        old, new = meeting.predict(client, meeting.old), meeting.predict(client, meeting.new)
        row = Row(client, share, old, new)
        yield Row(client, share, old, new, remedy(meeting, client, new)) if row.breaks else row


def _trust(files: Sequence[str | Path]) -> TrustStore | None:
    if not files:
        return None
    read = [one for name in files for one in TrustStore.from_pem(name).certificates]
    return TrustStore(tuple(read), source=", ".join(map(str, files)))


def _told(row: Row) -> dict[str, Any]:
    reason = row.new.reason if not row.new.client_ok else row.old.reason
    return {
        "client": row.client.name,
        "share": row.share,
        "old": row.old.seen,
        "new": row.new.seen,
        "breaks": row.breaks,
        "reason": reason,
        "clause": row.new.clause if not row.new.client_ok else row.old.clause,
        "details": {"old": _detail(row.old), "new": _detail(row.new)},
    }


def _detail(told: Prediction) -> dict[str, Any]:
    """Return one handshake's figures; `null` for the version that no handshake came to."""
    return {
        "version": told.version or None,
        "reason": told.reason,
        "clause": told.clause,
        "connections": told.connections,
        "retries": told.retries,
        "answers_after_s": told.answers_after_s,
        "hidden_for_s": told.hidden_for_s,
        "bytes": told.flight_bytes,
        "client_bytes": told.client_bytes,
        "flights": told.flights,
        "quic_flights": told.quic_flights,
        "server_cpu_us": told.server_cpu_us,
        "client_cpu_us": told.client_cpu_us,
        "cpu_class": told.cpu_class or None,
        "known_by": told.likeness,
    }


def _mean(met: Sequence[tuple[Prediction, float]], attribute: str) -> float | None:
    total = sum(share for _, share in met)
    if not total:
        return None
    return float(sum(getattr(one, attribute) * share for one, share in met) / total)


def write_page(told: Forecast, path: str | Path) -> None:
    """Write the answer as a web page, over another page at most; MachineError if impossible."""
    outputs.write("--html", path, told.page(), _is_page)


def _is_page(head: bytes) -> bool:
    return head[:9].lower() == b"<!doctype"


def moment(text: str | None, now: dt.datetime) -> dt.datetime:
    """Return an aware UTC moment of an RFC 3339 text, `now` if there is none."""
    if text is None:
        return now
    try:
        at = dt.datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise InputError(f"--at {text}: is no time; write it like 2026-03-01T00:00:00Z") from error
