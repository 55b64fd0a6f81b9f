"""Tells others: systemd that the loop is alive (sd_notify(3)), a URL that the phase changed."""

import contextlib
import logging
import os
import queue
import socket
import threading
from collections.abc import Mapping
from typing import Any

from simcert.live._logging import event
from simcert.live._public import public, why

log = logging.getLogger("simcert.live")
TIMEOUT_S = 5.0
WAITING_MAX = 100


def notify(state: str) -> None:
    """Send `READY=1`, `WATCHDOG=1` or `STOPPING=1`; nothing happens outside of systemd."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if not place:
        return
    address = f"\0{place[1:]}" if place[0] == "@" else place
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.sendto(state.encode("ascii"), address)


class Teller:
    """POSTs JSON to a URL in the background, one after the other: phases must not change places.

    A listener that is deaf or slow is only logged; what it does not take in time is dropped.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiting: queue.Queue[Mapping[str, Any] | None] = queue.Queue(WAITING_MAX)
        self._thread = threading.Thread(target=self._run, name="tell", daemon=True)
        self._thread.start()

    def tell(self, what: Mapping[str, Any] | None) -> None:
        """Tell it as soon as what came before was told."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(what)

    def close(self) -> None:
        """Wait for what is on its way: the last word is the one that counts."""
        self.tell(None)
        self._thread.join(2.0 * TIMEOUT_S)

    def _run(self) -> None:
        while (what := self._waiting.get()) is not None:
            self._post(what)

    def _post(self, what: Mapping[str, Any]) -> None:
        import httpx

        try:
            said = httpx.post(self._url, json=dict(what), timeout=TIMEOUT_S, trust_env=False)
            said.raise_for_status()
        except httpx.HTTPError as error:
            where, failed = public(self._url), why(error)
            log.warning("nobody was told at %s: %s", where, failed, extra=event("notify_failed"))
