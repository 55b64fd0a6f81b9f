"""Lifecycle of both certificates in virtual time, driven through the Certificate Manager.

Without events both certificates are active from the start. With events of an arm, its certificate
passes through them: the rollout waits until the new one is active, and is aborted when it may be
served no more.
"""

from simcert.control.certificates import CertificateManager
from simcert.model import ARMS, NEW
from simcert.world.spec import LifecycleEvent

_START = ("stage", "activate")


class Lifecycle:
    """Dated steps of both certificates, and whether the new one may be served."""

    def __init__(self, events: tuple[LifecycleEvent, ...]) -> None:
        self.manager = CertificateManager()
        self._events = sorted(events, key=lambda one: one.at_s)
        self._planned = {ARMS[one.arm] for one in events if one.event in _START}
        for name in ARMS:
            if not any(ARMS[one.arm] == name and one.event == "issue" for one in events):
                self._issue(name, 0.0)

    def advance(self, now_s: float) -> bool:
        """Carry out what is due; return whether the new certificate may be served."""
        while self._events and self._events[0].at_s <= now_s + 1e-6:
            due = self._events.pop(0)
            if due.event == "issue":
                self._issue(ARMS[due.arm], now_s)
            else:
                self.manager.step(ARMS[due.arm], due.event, now_s)
        return ARMS[NEW] in self.manager.serving()

    @property
    def over(self) -> bool:
        """Whether no step is left."""
        return not self._events

    def _issue(self, name: str, now_s: float) -> None:
        """Issue a certificate, and serve it at once unless its events say when."""
        self.manager.issue(name, now_s, float("-inf"), float("inf"))
        if name not in self._planned:
            for event in _START:
                self.manager.step(name, event, now_s)
