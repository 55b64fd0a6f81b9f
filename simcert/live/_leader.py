"""Any number of controllers, one leader: who has the lease flies, the others wait for it.

A new leader reads the journal after it got the lease, and shows a higher token than all before it.
One that loses the lease, or whose store falls silent until the lease ends, stops acting at once.
"""

import logging
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from simcert.control.lease import Lease
from simcert.live._logging import event
from simcert.live.redis_store import RedisStore

log = logging.getLogger("simcert.live")


@dataclass(slots=True)
class Leader:
    """The lease of this process, measured by a clock that never jumps."""

    store: RedisStore
    ttl_s: float
    lease: Lease = field(init=False)

    def __post_init__(self) -> None:
        who = f"{socket.gethostname()}/{os.getpid()}/{time.monotonic_ns()}"
        self.lease = Lease(self.store, who, self.ttl_s)

    @property
    def token(self) -> int:
        """The fencing token of this leadership."""
        return self.lease.token_max

    def leads(self) -> bool:
        """Take or renew the lease; whether it is ours."""
        return self.lease.take(time.monotonic()) is not None

    def refusal(self) -> str:
        """Say why nothing may be raised now, or nothing."""
        return "" if self.lease.may_raise(time.monotonic()) else "the lease is about to end"

    def stand_by(self, stopped: Callable[[], bool]) -> bool:
        """Wait until we lead; False if we were stopped before."""
        told = ""
        while not stopped():
            if self.leads():
                log.info("leading with token %d", self.token, extra=event("leading"))
                return True
            if self.lease.why != told:
                told = self.lease.why
                log.info("standing by: %s", told, extra=event("standing_by"))
            time.sleep(min(self.ttl_s / 5.0, 1.0))
        return False

    def give_up(self) -> None:
        """Let somebody else lead at once."""
        self.lease.give_up(time.monotonic())
