"""Tells others: systemd that the loop is alive (sd_notify(3)), a URL that the phase changed."""

import contextlib
import logging
import os
import socket
import threading
from collections.abc import Mapping
from typing import Any

from simcert.live._logging import event
from simcert.live._public import public, why

log = logging.getLogger("simcert.live")
TIMEOUT_S = 5.0


def notify(state: str) -> None:
    """Send `READY=1`, `WATCHDOG=1` or `STOPPING=1`; nothing happens outside of systemd."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if not place:
        return
    address = f"\0{place[1:]}" if place[0] == "@" else place
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.sendto(state.encode("ascii"), address)


def tell(url: str, what: Mapping[str, Any]) -> threading.Thread:
    """POST JSON to a URL in the background; a listener that is deaf or slow is only logged.

    Who is about to leave waits for the thread that is returned: the last word is the one that
    counts.
    """

    def post() -> None:
        import httpx

        try:
            httpx.post(url, json=dict(what), timeout=TIMEOUT_S, trust_env=False).raise_for_status()
        except httpx.HTTPError as error:
            where, said = public(url), why(error)
            log.warning("nobody was told at %s: %s", where, said, extra=event("notify_failed"))

    thread = threading.Thread(target=post, name="tell", daemon=True)
    thread.start()
    return thread
