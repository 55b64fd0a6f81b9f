"""Where the workers of a batch live: local processes, or a Dask cluster by its scheduler's address.

A cluster's workers must run this very code, else they might return other bytes. A worker that dies
costs nothing, Dask flies its tasks elsewhere; when the scheduler is gone, what has arrived is kept.
"""

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from simcert.errors import InputError, MachineError
from simcert.scenario.validation import code_digest

CONNECT = "10s"
SIGNALS = {signal.SIGINT}


class WorkerDiedError(Exception):
    """A task took its workers down with it, again and again."""


@contextmanager
def workers(cluster: str | None) -> Iterator[None]:
    """Let joblib use local processes, or the cluster.

    MachineError if no scheduler answers, no worker is there, workers run other code, or the cluster
    goes away; WorkerDiedError if a task killed one worker after the other.
    """
    from joblib import parallel_config

    if cluster is None:
        with parallel_config(backend="loky"):
            yield
        return
    client = _client(cluster)
    try:
        _check_code(client, cluster)
        with parallel_config(backend="dask") as found, _told(cluster):
            _never_here(found["backend"])
            yield
    finally:
        client.close(timeout=2)


@contextmanager
def calmly() -> Iterator[None]:
    """Start workers that do not hear Ctrl-C, which reaches every process of a terminal.

    We hear it when they have started, and end them; they would say it with a traceback each.
    """
    from multiprocessing import resource_tracker

    from joblib.externals.loky.backend import resource_tracker as loky_tracker

    for tracker in (resource_tracker, loky_tracker):
        tracker.ensure_running()  # to start one would let the signal in again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _told(cluster: str) -> Iterator[None]:
    """Turn what Dask raises into what the user can do about it."""
    from distributed import CancelledError, KilledWorker

    try:
        yield
    except KilledWorker as error:
        raise WorkerDiedError(str(error)) from error
    except (CancelledError, OSError, TimeoutError) as error:
        raise MachineError(
            f"--cluster {cluster}: the cluster is gone ({type(error).__name__}); what was "
            "finished is kept: the same command with the same --out goes on where it stopped, on "
            "another cluster, too, or on none"
        ) from error


class _Pool(Protocol):
    """What is asked of joblib's backend."""

    effective_n_jobs: Callable[[int], int]


def _never_here(backend: _Pool) -> None:
    """Let a cluster of one worker fly: joblib would fly a pool of one in our own process."""
    hands = backend.effective_n_jobs
    backend.effective_n_jobs = lambda jobs: max(2, hands(jobs))


def _client(cluster: str) -> Any:  # noqa: ANN401 - optional package without types
    try:
        from distributed import Client
    except ImportError as error:
        raise MachineError("--cluster needs an extra: pip install 'simcert[dask]'") from error
    connect: Callable[..., Any] = Client
    for name in ("distributed.client", "distributed.core", "distributed.batched"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # we say it, once and in words
    try:
        return connect(cluster, timeout=CONNECT)
    except ValueError as error:
        raise InputError(
            f"--cluster {cluster}: {error}; write it like tcp://10.0.0.1:8786"
        ) from error
    except OSError as error:
        raise MachineError(
            f"--cluster {cluster}: no Dask scheduler answers: {error}; `dask scheduler` starts "
            "one, and tells its address"
        ) from error


def _code() -> str:
    """Tell which code a worker runs; sent by name, so that it is the worker's own."""
    return code_digest()


def _check_code(client: Any, cluster: str) -> None:  # noqa: ANN401
    """Refuse a cluster without workers, or one whose workers would fly something else."""
    if not client.scheduler_info()["workers"]:
        raise MachineError(
            f"--cluster {cluster}: has no worker; `dask worker {cluster}` starts one"
        )
    try:
        found = client.run(_code, on_error="return")
    except (OSError, TimeoutError) as error:
        raise MachineError(f"--cluster {cluster}: workers do not answer: {error}") from error
    wrong = sorted(name for name, digest in found.items() if digest != code_digest())
    if wrong:
        raise MachineError(
            f"--cluster {cluster}: {len(wrong)} of {len(found)} workers run another simcert, or "
            f"none (first: {wrong[0]}); install this version there"
        )
