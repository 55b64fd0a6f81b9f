"""Tells others: systemd that the loop is alive (sd_notify(3)), a URL that the phase changed."""

import contextlib
import logging
import os
import socket
import threading
from collections.abc import Mapping
from typing import Any

log = logging.getLogger("simcert.live")


def notify(state: str) -> None:
    """Send `READY=1`, `WATCHDOG=1` or `STOPPING=1`; nothing happens outside of systemd."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if not place:
        return
    address = f"\0{place[1:]}" if place[0] == "@" else place
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.sendto(state.encode("ascii"), address)


def tell(url: str, what: Mapping[str, Any]) -> None:
    """POST JSON to a URL in the background; a listener that is deaf or slow is only logged."""

    def post() -> None:
        import httpx

        try:
            httpx.post(url, json=dict(what), timeout=5.0, trust_env=False).raise_for_status()
        except httpx.HTTPError as error:
            log.warning("nobody was told at %s: %s", url, error)

    threading.Thread(target=post, name="tell", daemon=True).start()
