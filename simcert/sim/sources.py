"""Sources: where clients come from, as far as records tell it: a prefix of addresses."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sources:
    """One of the `prefixes` of its cohort for each client, else a place of its own."""

    prefixes: Ints  # by cohort; 0: every client has its own

    def of(self, client: Ints, cohort: Ints) -> Ints:
        """Return a name per row: negative for the prefixes of cohorts, never 0."""
        many = self.prefixes[cohort]
        shared = (np.cumsum(self.prefixes) - self.prefixes)[cohort]
        shared += client % np.maximum(many, 1)
        names: Ints = np.where(many > 0, -1 - shared, client + 1)
        return names
