"""A real Dask cluster of several processes: the same bytes, nothing lost, and said in words."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from simcert import compare
from simcert.cli.main import code_of
from simcert.lab.compare import cluster as workers
from simcert.lab.compare.batch import tasks
from simcert.lab.folder import ResultFolder
from simcert.lab.setup import prepare_all

RUN = "import sys; from simcert.cli.main import main; main(sys.argv[1:])"
CALL = ["android_root_missing", "--policy", "adaptive", "--policy", "fixed_canary", "--quiet"]
WORKERS = 2


class Cluster:
    """A scheduler and its workers, each a process of its own on loopback."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.processes = folder, []
        self.start("dask_scheduler", "--port", "0", "--scheduler-file", "s.json")
        self.address = wait_for(lambda: self.told()["address"])
        for n in range(WORKERS):
            self.start(
                "dask_worker", self.address, "--nthreads", "1", "--no-nanny", "--name", f"w{n}"
            )

    def start(self, name: str, *arguments: str) -> None:
        call = [sys.executable, "-m", f"distributed.cli.{name}", *arguments]
        call += ["--host", "127.0.0.1", "--no-dashboard"]
        with (self.folder / f"{name}.log").open("a") as log:
            self.processes.append(subprocess.Popen(call, cwd=self.folder, stdout=log, stderr=log))

    def told(self) -> dict[str, str]:
        return json.loads((self.folder / "s.json").read_text())  # type: ignore[no-any-return]

    @property
    def ready(self) -> bool:
        return (self.folder / "dask_worker.log").read_text().count("Registered to") >= WORKERS

    def kill(self, number: int) -> None:
        self.processes[number].send_signal(signal.SIGKILL)
        self.processes[number].wait(timeout=10)


def wait_for(ask: Callable[[], Any], at_most_s: float = 60.0) -> Any:
    """Return the first answer that is true."""
    end = time.monotonic() + at_most_s
    while time.monotonic() < end:
        try:
            if answer := ask():
                return answer
        except (OSError, ValueError, KeyError):
            pass
        time.sleep(0.02)
    raise AssertionError("waited in vain")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    one = Cluster(folder)
    try:
        wait_for(lambda: one.ready)
        yield one
    finally:
        for process in one.processes:
            process.kill()
            process.wait(timeout=10)


def fly(out: Path, address: str, runs: int) -> "subprocess.Popen[str]":
    call = [sys.executable, "-c", RUN, "compare", *CALL, "--runs", str(runs), "--out", str(out)]
    place = ["--cluster", address] if address else ["--jobs", "1"]
    return subprocess.Popen(
        [*call, *place], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def shards(out: Path) -> int:
    folder = out / "shards"
    return len([*folder.glob("*.json")]) if folder.is_dir() else 0


def files(out: Path) -> dict[str, bytes]:
    found = (path for path in sorted(out.rglob("*")) if path.is_file())
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in found}


@pytest.mark.slow
def test_a_worker_that_dies_costs_nothing_and_bytes_are_those_of_one_machine(
    cluster: Cluster, tmp_path: Path
) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    flying = fly(there, cluster.address, 20)
    wait_for(lambda: shards(there) >= 2)  # progress is visible while the batch flies
    assert flying.poll() is None

    cluster.kill(1)
    said = flying.communicate(timeout=120)

    assert flying.returncode == 0, said[1]
    compare(CALL[0], policies=["adaptive", "fixed_canary"], runs=20, jobs=1, out=here, quiet=True)
    assert files(there) == files(here)


@pytest.mark.slow
def test_a_cluster_that_goes_away_loses_nothing(cluster: Cluster, tmp_path: Path) -> None:
    """One worker is a cluster, too: it is that one which flies, and not we."""
    cluster.kill(2)
    time.sleep(1.0)
    out = tmp_path / "out"
    flying = fly(out, cluster.address, 30)
    wait_for(lambda: shards(out) >= 1)

    cluster.kill(0)
    said = flying.communicate(timeout=120)[1]

    assert flying.returncode == 3, said
    assert "the cluster is gone" in said
    assert "goes on where it stopped" in said
    assert "Traceback" not in said
    kept = next((out / "shards").glob("*.json"))
    days = json.loads(kept.read_text())["days"]
    days[0]["harmed_clients"] = 123_456_789  # as nobody flies it: it is read, not flown again
    setups = prepare_all(CALL[0], ["adaptive", "fixed_canary"])
    of = {task.name: task.identity() for task in tasks(setups, 30, 0)}
    ResultFolder(out).keep(f"shards/{kept.name}", of[kept.stem], days)
    again = fly(out, "", 30)
    assert (again.communicate(timeout=120), again.returncode)[1] == 0
    assert ",123456789," in (out / "runs.csv").read_text()


@pytest.mark.slow
def test_a_cluster_without_workers_or_with_other_code_is_refused(
    cluster: Cluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    call = ["compare", *CALL, "--runs", "1", "--cluster", cluster.address, "--out"]
    monkeypatch.setattr(workers, "code_digest", lambda: "another")
    assert code_of([*call, str(tmp_path / "a")]) == 3
    assert "run another simcert" in capsys.readouterr().err
    cluster.kill(1)
    cluster.kill(2)
    time.sleep(1.0)
    assert code_of([*call, str(tmp_path / "b")]) == 3
    assert "has no worker" in capsys.readouterr().err


def test_no_scheduler_is_3_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(workers, "CONNECT", "1s")
    call = ["compare", *CALL, "--runs", "1", "--cluster", "tcp://127.0.0.1:9"]

    assert code_of([*call, "--out", str(tmp_path / "out")]) == 3
    assert "`dask scheduler` starts one" in capsys.readouterr().err
    assert shards(tmp_path / "out") == 0
