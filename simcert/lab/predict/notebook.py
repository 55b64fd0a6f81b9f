"""A forecast as notebooks show it: the verdict, what to do, who breaks; every name escaped."""

from html import escape
from typing import TYPE_CHECKING

from simcert.lab.html import table
from simcert.lab.predict import words
from simcert.lab.words import percent, signal

if TYPE_CHECKING:
    from simcert.lab.predict.forecasts import Forecast


def forecast_html(told: "Forecast") -> str:
    """Return a forecast: verdict, what to do, who breaks."""
    first, rows = words.verdict(told), told.broken
    mood = f"<p><b>{escape(first)}</b></p>"
    advice = "".join(
        f"<li><b>{escape(percent(share))}</b> {escape(text)}</li>"
        for text, share in words.ranked(rows)
    )
    lines = [(row.title, percent(row.share), signal(row.new.seen), row.new.reason) for row in rows]
    shown = f"<ul>{advice}</ul>{table(words.HEAD, lines)}" if rows else ""
    return mood + shown
