"""How much one call may fly: runs and worker processes within reason, or an error that says so."""

import os

from simcert.errors import InputError

RUNS_MAX = 1_000_000
JOBS_MAX = 1024


def checked_runs(runs: int) -> int:
    """Return a number of runs; InputError for none, and for more than a folder should hold."""
    if type(runs) is not int:
        raise InputError(f"runs {runs!r}: must be a whole number, at least 1")
    if runs < 1:
        raise InputError(f"--runs {runs}: at least 1 run is needed")
    if runs > RUNS_MAX:
        raise InputError(f"--runs {runs}: at most {RUNS_MAX:,} at once; take several seeds")
    return runs


def workers(jobs: int | None) -> int:
    """Return the number of worker processes: as asked, or one for every core that is ours."""
    if jobs is not None and type(jobs) is not int:
        raise InputError(f"jobs {jobs!r}: must be a whole number, at least 1")
    if jobs is not None and jobs < 1:
        raise InputError(f"--jobs {jobs}: at least 1 worker is needed")
    if jobs is not None and jobs > JOBS_MAX:
        raise InputError(f"--jobs {jobs}: at most {JOBS_MAX:,} workers; more cores: --cluster")
    return jobs or len(os.sched_getaffinity(0))
