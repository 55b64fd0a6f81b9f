"""Log: one JSON object a line on stderr, with `time`, `level` and `event`; never a secret.

`event` is one of few words to search for, `text` is for people, anything else belongs to the event.
Other libraries speak only when something is wrong: what they say of a request holds its URL.
"""

import datetime as dt
import json
import logging
import sys
from typing import Any, TextIO

OURS = "simcert"


def event(name: str, **fields: object) -> dict[str, Any]:
    """Return what a log call takes as `extra`."""
    return {"event": name, "fields": fields}


class JsonLines(logging.Formatter):
    """Formats a record as one line, whatever its text holds."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one JSON object without a line break."""
        at = dt.datetime.fromtimestamp(record.created, dt.UTC)
        said: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", record.name),
            "text": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            said["trace"] = self.formatException(record.exc_info)
        return json.dumps(said, default=str)


def start(stream: TextIO | None = None) -> None:
    """Log to `stream` (stderr): ours from info on, others from warning on."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(OURS).setLevel(logging.INFO)
