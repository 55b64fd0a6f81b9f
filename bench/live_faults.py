"""Controllers, nodes, HAProxy, Redis and Prometheus killed with -9 at random moments, with traffic.

Never is more in force than was decided in writing, nothing is raised on evidence that is not fresh
and whole, and no client fails while the HAProxies run. About twelve minutes for 200 kills.
"""

import random
import sys

from bench._faults_rigs import alone, fleet, thin
from bench._results import Bar, asked, write

KILLS = 200
SEED = 1
ROUND = 10  # kills of one rollout, then a fresh one begins
RIGS = (fleet, alone, fleet, thin)


def main() -> None:
    """Kill, check, write `results/bench/live_faults.json`."""
    (kills,) = asked(__doc__, kills=KILLS)
    rng, totals = random.Random(SEED), {one.__name__: [0, 0, 0] for one in RIGS}
    for k in range(kills // ROUND):
        rig = RIGS[k % len(RIGS)]
        violations, failed = rig(rng, ROUND)
        totals[rig.__name__] = [
            a + b for a, b in zip(totals[rig.__name__], (ROUND, violations, failed), strict=True)
        ]
        print(f"{(k + 1) * ROUND} of {kills} kills: {totals}", file=sys.stderr)
    bars = [
        Bar(f"{what}, {name}", total[i], 0, n=total[0])
        for name, total in totals.items()
        for i, what in ((1, "more in force than was decided"), (2, "clients that failed"))
    ]
    write("live_faults", bars, seeds=[SEED])


if __name__ == "__main__":
    main()
