"""Loop: poll, receive, tick, apply, read back, confirm; the one loop of sim and live."""

from collections.abc import Sequence

from simcert.control.journal import Journal
from simcert.control.rollout import Rollout
from simcert.errors import ContractError, MachineError
from simcert.model import Actuator, Decision, Feed, Window


class Loop:
    """Drives one rollout; what fails outside is noted, and nothing is raised because of it.

    A decision is journalled before it is applied, so what is in force was always authorised in
    writing. While the journal cannot be written, lowering goes on and raising stops.
    """

    def __init__(
        self, rollout: Rollout, feed: Feed, actuator: Actuator, journal: Journal | None = None
    ) -> None:
        self.rollout = rollout
        self.errors = 0  # failures of feed, actuator or journal so far
        self._feed = feed
        self._actuator = actuator
        self._journal = journal
        if journal is not None and journal.empty:
            journal.start(rollout)

    def step(self, now_s: float) -> Decision:
        """Return the decision of this tick, carried out as far as the machines obey.

        ContractError if the policy or a detector broke its duty: journalled, exposure untouched.
        """
        broken = [self._receive(window, now_s) for window in self._polled(now_s)]
        try:
            for error in broken:
                if error is not None:
                    raise error
            decision = self.rollout.tick(now_s)
        except ContractError as error:
            self._note(now_s, str(error))
            raise
        if self._written(now_s, decision) or decision.exposure < self.rollout.exposure:
            self._apply(decision, now_s)
        self._confirm(now_s)
        return decision

    def command(self, word: str, now_s: float) -> None:
        """Obey an operator's word, journalled or not; the next step carries it out."""
        self.rollout.command(word, now_s)
        try:
            if self._journal is not None:
                self._journal.command(now_s, word)
        except MachineError:
            self.errors += 1

    def _polled(self, now_s: float) -> Sequence[Window]:
        try:
            return self._feed.poll(now_s)
        except MachineError as error:
            self._note(now_s, f"feed: {error}")
            return ()

    def _receive(self, window: Window, now_s: float) -> ContractError | None:
        """Journal a window before it counts; one that cannot be written does not count."""
        if self._journal is not None and not self.rollout.knows(window):
            try:
                self._journal.window(now_s, window)
            except MachineError:
                self.errors += 1
                return None
        try:
            self.rollout.receive(window)
        except ContractError as error:
            return error
        return None

    def _written(self, now_s: float, decision: Decision) -> bool:
        if self._journal is None:
            return True
        try:
            self._journal.decision(now_s, decision)
        except MachineError:
            self.errors += 1
            return False
        return True

    def _apply(self, decision: Decision, now_s: float) -> None:
        if decision.exposure == self.rollout.exposure:
            return
        try:
            self._actuator.apply(decision.exposure, now_s)
        except MachineError as error:
            self._note(now_s, f"actuator: {error}")

    def _confirm(self, now_s: float) -> None:
        try:
            exposure = self._actuator.read_back(now_s)
        except MachineError as error:
            self._note(now_s, f"read-back: {error}")
            return
        if exposure != self.rollout.exposure:
            self.rollout.confirm(exposure, now_s)
            if self._journal is not None:
                self._journal_confirm(now_s, exposure)

    def _journal_confirm(self, now_s: float, exposure: float) -> None:
        assert self._journal is not None
        try:
            self._journal.confirm(now_s, exposure)
        except MachineError:
            self.errors += 1

    def _note(self, now_s: float, what: str) -> None:
        self.errors += 1
        if self._journal is None:
            return
        try:
            self._journal.error(now_s, what)
        except MachineError:
            self.errors += 1
