"""Middlebox: on some paths a large first flight of the server never arrives."""

from dataclasses import dataclass, replace

from simcert.model.bounds import Bytes, Chance
from simcert.world.faults._fault import Fault
from simcert.world.spec import Cohort, Encounter, Seen


@dataclass(frozen=True, slots=True)
class Middlebox(Fault):
    """`share` of each cohort sits behind one; more than `limit_bytes` ends as `outcome`."""

    share: Chance = 0.005
    limit_bytes: Bytes = 10_000
    outcome: str = "hang"

    def met(self, cohorts: tuple[Cohort, ...]) -> tuple[Cohort, ...]:
        """Return the cohorts, split where the middlebox makes a difference."""
        return tuple(part for one in cohorts for part in self._parts(one))

    def _parts(self, cohort: Cohort) -> tuple[Cohort, ...]:
        behind = tuple(self._through(one) for one in cohort.encounters)
        if behind == cohort.encounters:
            return (cohort,)
        hit = replace(
            cohort,
            name=f"{cohort.name} (behind a middlebox)",
            share=cohort.share * self.share,
            clients=max(1, round(cohort.clients * self.share)),
            encounters=behind,
        )
        return (replace(cohort, share=cohort.share * (1.0 - self.share)), hit)

    def _through(self, encounter: Encounter) -> Encounter:
        return replace(encounter, old=self._seen(encounter.old), new=self._seen(encounter.new))

    def _seen(self, seen: Seen) -> Seen:
        if not seen.ok or seen.flight_bytes <= self.limit_bytes:
            return seen
        reason = f"first flight of {seen.flight_bytes} bytes, a middlebox takes {self.limit_bytes}"
        return replace(seen, outcomes=((self.outcome, 1.0),), reason=reason)
