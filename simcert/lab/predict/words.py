"""A forecast in words: the verdict first, then who breaks and how it will look, then what to do."""

import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from simcert.lab.words import percent, signal
from simcert.tls import CertificateChain
from simcert.tls.names import matches

if TYPE_CHECKING:
    from simcert.lab.predict.forecasts import Forecast, Row

ROWS_MAX = 12
WHY_WIDTH = 60
WORTH_A_REASON = 0.01
LINE_WIDTH = 96
ISSUER = re.compile(r"issuer of .+? \(CN=([^,)]+)[^)]*\)")
HEAD = ("who breaks", "share", "the server will see", "because")
COST_NAMES = {
    "bytes": "server's first flight, bytes",
    "flights": "round trips that it takes",
    "quic_flights": "the same over QUIC",
    "server_cpu_us": "server CPU, microseconds",
    "client_cpu_us": "client CPU, microseconds",
}


def in_words(forecast: "Forecast") -> str:
    """Return the answer as plain text, readable at 80 to 120 columns."""
    parts = [verdict(forecast)]
    if forecast.broken:
        parts += [table(forecast.broken), "What to do instead:\n" + advice(forecast.broken)]
    parts += [*(textwrap.fill(one, LINE_WIDTH) for one in asides(forecast)), costs(forecast)]
    return "\n\n".join(parts)


def verdict(forecast: "Forecast") -> str:
    """Return the one sentence that everybody should read."""
    host = forecast.meeting.host or "this host"
    failing = sum(row.share for row in forecast.rows if not row.new.client_ok)
    if not forecast.broken and failing > 0.5:
        return (
            f"The new certificate for {host} fails for {percent(failing)} of connections of "
            f"{forecast.population}, as the old one does already."
        )
    if not forecast.broken:
        return f"The new certificate for {host} breaks no client of {forecast.population}."
    n = len(forecast.broken)
    kinds = "1 kind of client" if n == 1 else f"{n} kinds of clients"
    return (
        f"The new certificate for {host} breaks {percent(forecast.affected_share)} of connections "
        f"of {forecast.population} ({kinds})."
    )


def table(rows: Sequence["Row"]) -> str:
    """Return a line for each kind of client that breaks, the largest first."""
    shown = [
        (row.title, percent(row.share), signal(row.new.seen), short(row.new.reason))
        for row in rows[:ROWS_MAX]
    ]
    if len(rows) > ROWS_MAX:
        rest = sum(row.share for row in rows[ROWS_MAX:])
        shown.append((f"{len(rows) - ROWS_MAX} more", percent(rest), "", ""))
    return aligned([HEAD, *shown])


def advice(rows: Sequence["Row"]) -> str:
    """Return each remedy once, with the share of connections that it saves."""
    return "\n".join(_item(f"{percent(share):>8}", text) for text, share in ranked(rows))


def _item(share: str, text: str) -> str:
    return textwrap.fill(
        text, LINE_WIDTH, initial_indent=f"  {share}  ", subsequent_indent=" " * (len(share) + 4)
    )


def ranked(rows: Sequence["Row"]) -> list[tuple[str, float]]:
    """Return each remedy with the share of connections that it saves, the largest first."""
    saved: dict[str, float] = {}
    for row in rows:
        text = row.remedy or "Keep the old certificate for them."
        saved[text] = saved.get(text, 0.0) + row.share
    return sorted(saved.items(), key=lambda item: -item[1])


def asides(forecast: "Forecast") -> list[str]:
    """Return what else is worth knowing: who fails already, who is mended, what stays hidden."""
    told = []
    lost = [r for r in forecast.rows if not (r.old.client_ok or r.new.client_ok)]
    failing = sum(row.share for row in lost)
    mended = sum(row.share for row in forecast.rows if row.heals)
    if failing:
        told.append(f"{percent(failing)} of connections fail with either certificate{why(lost)}.")
    if not any(names_host(chain, forecast.meeting.host) for chain in chains(forecast)):
        told.append(f"Neither certificate names {forecast.meeting.host}.")
    if mended:
        told.append(f"{percent(mended)} of connections fail today and would work.")
    quiet = sum(row.share for row in forecast.broken if row.new.seen.startswith("ok"))
    if quiet:
        told.append(
            f"{percent(quiet)} would look like successes: no request follows the handshake."
        )
    hidden = max((row.new.hidden_for_s for row in forecast.broken), default=0.0)
    if hidden:
        told.append(
            f"Clients that hold a session ticket notice nothing for up to {span(hidden)}: only "
            "full handshakes show the certificate."
        )
    return [" ".join(told)] if told else []


def span(seconds: float) -> str:
    """Return a duration in the largest unit that it fills."""
    for unit, size in (("d", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def why(rows: Sequence["Row"]) -> str:
    """Return the commonest reasons with both certificates, "" for a share that hardly matters."""
    if sum(row.share for row in rows) < WORTH_A_REASON:
        return ""
    reasons: dict[tuple[str, str], float] = {}
    for row in rows:
        both = (plain(row.old.reason), plain(row.new.reason))
        reasons[both] = reasons.get(both, 0.0) + row.share
    (old, new), _ = max(reasons.items(), key=lambda item: item[1])
    if old == new:
        return f", mostly because: {new}"
    return f", mostly because of the old: {old}; and of the new: {new}"


def chains(forecast: "Forecast") -> tuple[CertificateChain, CertificateChain]:
    """Return both chains, the old one first."""
    return forecast.meeting.old, forecast.meeting.new


def names_host(chain: CertificateChain, host: str | None) -> bool:
    """Whether the leaf names the host, in a subjectAltName or at least in its common name."""
    return host is None or matches(chain.leaf, host, "either")


def costs(forecast: "Forecast") -> str:
    """Return what a full handshake costs with either chain, for clients that accept it."""
    old, new = forecast.cost("old"), forecast.cost("new")
    head = ("one full handshake", "old", "new", "")
    rows = [
        (name, number(old[key]), number(new[key]), change(old[key], new[key]))
        for key, name in COST_NAMES.items()
    ]
    return aligned([head, *rows], right=3)


def number(value: float | None) -> str:
    """Return a figure with thousands marked, "none" where nobody completes a handshake."""
    if value is None:
        return "none"
    return f"{value:.2f}" if value < 10.0 else f"{value:,.0f}"


def change(old: float | None, new: float | None) -> str:
    """Return the change in per cent, empty where there is none to tell."""
    if not old or new is None or abs(new / old - 1.0) < 0.005:
        return ""
    return f"{100.0 * (new / old - 1.0):+.0f} %"


def plain(text: str) -> str:
    """Return a reason with common names instead of whole subjects."""
    return ISSUER.sub(r'"\1"', text.removeprefix("chain: "))


def short(text: str) -> str:
    """Return a reason that fits a column."""
    told = plain(text)
    return told if len(told) <= WHY_WIDTH else told[: WHY_WIDTH - 1].rstrip() + "…"


def aligned(rows: Sequence[tuple[str, ...]], right: int = 1) -> str:
    """Return columns padded to their widest cell; `right` columns after the first to the right."""
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_line(row, wide, right) for row in rows]
    return "\n".join([lines[0], "  " + "-" * (sum(wide) + 2 * (len(wide) - 1)), *lines[1:]])


def _line(row: tuple[str, ...], wide: list[int], right: int) -> str:
    cells = [
        cell.rjust(width) if 1 <= at <= right else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(row, wide, strict=True))
    ]
    return ("  " + "  ".join(cells)).rstrip()
