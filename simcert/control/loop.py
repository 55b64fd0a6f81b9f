"""Loop: poll, receive, tick, apply, read back, confirm; the one loop of sim and live."""

from collections.abc import Callable, Sequence

from simcert.control.journal import Journal
from simcert.control.reconcile import Action, Found, Reconciler
from simcert.control.rollout import Rollout
from simcert.errors import ContractError, MachineError
from simcert.model import Actuator, Decision, Feed, Window


class Loop:
    """Drives one rollout; what fails outside is noted, and nothing is raised because of it.

    A decision is journalled before it is applied, so what is in force was always authorised in
    writing. While the journal cannot be written, or `may_raise` (a lease) says no, lowering goes on
    and raising stops.
    """

    def __init__(
        self,
        rollout: Rollout,
        feed: Feed,
        actuator: Actuator,
        journal: Journal | None = None,
        *,
        may_raise: Callable[[float], bool] | None = None,
        reconciler: Reconciler | None = None,
    ) -> None:
        self.rollout = rollout
        self.errors = 0  # failures of feed, actuator or journal so far
        self._feed = feed
        self._actuator = actuator
        self._journal = journal
        self._may_raise = may_raise
        self._reconciler = reconciler or Reconciler()
        self._asked: tuple[float, float] | None = None  # exposure last asked for, and when first
        self._told = ""  # the disagreement that was journalled last
        self._mend(0.0)

    def begin(self, now_s: float) -> None:
        """Read back before the first step after a restart: what is in force now is no memory."""
        self._mend(now_s)
        self._confirm(now_s)

    def step(self, now_s: float) -> Decision:
        """Return the decision of this tick, carried out as far as the machines obey.

        ContractError if the policy or a detector broke its duty: journalled, exposure untouched.
        """
        self._mend(now_s)
        broken = [self._receive(window, now_s) for window in self._polled(now_s)]
        try:
            for error in broken:
                if error is not None:
                    raise error
            decision = self.rollout.tick(now_s)
        except ContractError as error:
            self._note(now_s, str(error))
            raise
        journal, up = self._journal, decision.exposure > self.rollout.exposure
        written = journal is None or self._try(lambda: journal.decision(now_s, decision))
        if not up or (written and self._raises(now_s)):
            self._apply(decision.exposure, now_s)
        self._confirm(now_s)
        return decision

    def command(self, word: str, now_s: float) -> None:
        """Obey an operator's word, journalled or not; the next step carries it out."""
        journal = self._journal
        if journal is not None:
            self._try(lambda: journal.command(now_s, word))
        self.rollout.command(word, now_s)

    def _raises(self, now_s: float) -> bool:
        return self._may_raise is None or self._may_raise(now_s)

    def _polled(self, now_s: float) -> Sequence[Window]:
        try:
            return self._feed.poll(now_s)
        except MachineError as error:
            self._note(now_s, f"feed: {error}")
            return ()

    def _receive(self, window: Window, now_s: float) -> ContractError | None:
        """Journal a window before it counts; one that cannot be written does not count."""
        journal = self._journal
        fresh = journal is not None and not self.rollout.knows(window)
        if fresh and journal and not self._try(lambda: journal.window(now_s, window)):
            return None
        try:
            self.rollout.receive(window)
        except ContractError as error:
            return error
        return None

    def _apply(self, exposure: float, now_s: float) -> None:
        """Ask for an exposure, again and again, until it is read back."""
        if exposure == self.rollout.exposure:
            return
        if self._asked is None or self._asked[0] != exposure:
            self._asked = (exposure, now_s)
        try:
            self._actuator.apply(exposure, now_s)
        except MachineError as error:
            self._note(now_s, f"actuator: {error}")

    def _confirm(self, now_s: float) -> None:
        """Read back; what is too high is corrected at once, not at the next tick."""
        in_force = self._read_back(now_s)
        if in_force is None or in_force == self.rollout.authorised:
            self._told = ""
            return
        asked = self._asked
        when = asked[1] if asked is not None and asked[0] == self.rollout.authorised else None
        found = Found(in_force, self.rollout.authorised, when, now_s)
        said = self._reconciler.judge(found, may_raise=self._raises(now_s))
        if said.action in (Action.NOTHING, Action.WAIT) or said.why == self._told:
            return
        self._note(now_s, f"{said.action}: {said.why}")
        self._told = said.why
        if said.action is Action.LOWER:
            self._apply(self.rollout.authorised, now_s)
            self._read_back(now_s)

    def _read_back(self, now_s: float) -> float | None:
        """Return the exposure in force and tell the rollout; None if nobody knows it."""
        try:
            exposure = self._actuator.read_back(now_s)
        except MachineError as error:
            self._note(now_s, f"read-back: {error}")
            return None
        if exposure != self.rollout.exposure:
            journal = self._journal
            if journal is not None:
                self._try(lambda: journal.confirm(now_s, exposure))
            self.rollout.confirm(exposure, now_s)
        return exposure

    def _mend(self, now_s: float) -> None:
        """After a failed write nobody knows what the journal holds: write down where we stand."""
        journal = self._journal
        if journal is None:
            return
        behind = journal.broken  # before the start, too: what was decided meanwhile is in no line
        if journal.empty:
            self._try(lambda: journal.start(self.rollout))
        if behind and not journal.empty:
            self._try(lambda: journal.state(now_s, self.rollout))

    def _note(self, now_s: float, what: str) -> None:
        self.errors += 1
        journal = self._journal
        if journal is not None:
            self._try(lambda: journal.error(now_s, what))

    def _try(self, write: Callable[[], None]) -> bool:
        """Write to the journal; return whether that worked."""
        try:
            write()
        except MachineError:
            self.errors += 1
            return False
        return True
