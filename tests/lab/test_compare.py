"""A batch: paired by seed, the same bytes for any worker count, never lost, never mixed."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import simcert
from simcert.cli.main import code_of
from simcert.errors import InputError
from simcert.lab.compare.batch import KILLED
from simcert.lab.compare.study import Study
from simcert.lab.folder import MANIFEST, MARK

ROOT = Path(__file__).parents[2]
RUNS = 6
SHORT = "[traffic]\nhorizon_s = 7200.0\n"


def files(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def batch(out: Path, **changes: Any) -> Study:
    options = {"runs": RUNS, "seed": 5, "jobs": 1, "out": out, **changes}
    return simcert.compare("android_root_missing", ["adaptive", "fixed_linear"], **options)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished batch."""
    folder = tmp_path_factory.mktemp("whole") / "out"
    batch(folder)
    return folder


@pytest.mark.slow
def test_workers_change_no_byte(whole: Path, tmp_path: Path) -> None:
    batch(tmp_path / "two", jobs=2)

    assert files(tmp_path / "two") == files(whole)


@pytest.mark.parametrize("name", ["runs.csv", "moves.csv"])
def test_a_finished_batch_that_was_changed_is_not_read(
    whole: Path, tmp_path: Path, name: str
) -> None:
    for path in (whole / one for one in (name, "runs.csv", "moves.csv", MANIFEST)):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    table = (tmp_path / name).read_text()

    for spoiled in (table.replace("1", "2", 1), table[:-400], ""):
        (tmp_path / name).write_text(spoiled)
        with pytest.raises(InputError, match=rf"{name}: damaged.*make the results again with"):
            batch(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match=rf"{name}: cannot be read"):
        batch(tmp_path)
    about = json.loads((tmp_path / MANIFEST).read_text())
    (tmp_path / MANIFEST).write_text(json.dumps({"identity": about["identity"]}))
    with pytest.raises(InputError, match=rf"{MANIFEST}: damaged, it lists no files"):
        batch(tmp_path)


def test_a_folder_holds_what_its_manifest_says(whole: Path) -> None:
    manifest = json.loads((whole / MANIFEST).read_text())

    listed = {entry["path"] for entry in manifest["files"]}
    assert listed | {MANIFEST} == set(files(whole))
    assert manifest["runs"] == {"done": 2 * RUNS, "failed": 0}
    assert str(whole) not in (whole / MANIFEST).read_text()
    assert {"runs.csv", "moves.csv", "compare.json"} < listed
    assert (whole / "traces" / "android_root_missing~adaptive.jsonl").is_file()


def test_the_command_in_a_manifest_makes_the_folder_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files by their names, not those of the library that are called alike; and the fidelity."""
    (tmp_path / "chains").symlink_to(ROOT / "scenarios" / "chains")
    text = (ROOT / "scenarios" / "same_ca.toml").read_text()
    (tmp_path / "same_ca.toml").write_text(text.replace("[traffic]\n", SHORT, 1))
    (tmp_path / "my own.toml").write_text('policy = "fixed_linear"\n')
    monkeypatch.chdir(tmp_path)
    call = ["same_ca.toml", "--policy", "my own.toml", "--seed", "2", "--fidelity", "records"]

    for name, more in (("compare", ["--runs", "1", "--quiet"]), ("run", [])):
        assert code_of([name, *call, *more, "--out", name]) in (0, 1)
        _, *said = shlex.split(json.loads(Path(name, MANIFEST).read_text())["command"])
        assert code_of([*said, "--out", f"{name} again"]) in (0, 1)
        assert files(Path(f"{name} again")) == files(Path(name))


def test_a_run_alone_has_the_figures_of_its_row(whole: Path, tmp_path: Path) -> None:
    study = batch(whole)  # complete: read, not flown
    row = next(r for r in study.rows if r["run"] == 3 and r["policy"] == "adaptive")

    alone = simcert.run("android_root_missing", "adaptive", seed=row["seed"], out=tmp_path / "r")

    got = alone.to_dict()
    assert {k: got[k] for k in got if k in row} == {k: row[k] for k in row if k in got}
    assert got["exposure"] == row["moves"]


def test_run_zero_alone_leaves_the_trace_s_bytes(whole: Path, tmp_path: Path) -> None:
    row = batch(whole).rows[0]

    simcert.run("android_root_missing", row["policy"], seed=row["seed"], out=tmp_path / "r")

    trace = whole / "traces" / "android_root_missing~adaptive.jsonl"
    assert (tmp_path / "r" / "journal.jsonl").read_bytes() == trace.read_bytes()


def test_policies_fly_the_same_days(whole: Path) -> None:
    seeds: dict[str, list[int]] = {}
    for row in batch(whole).rows:
        seeds.setdefault(row["policy"], []).append(row["seed"])

    assert seeds["adaptive"] == seeds["fixed_linear"]
    assert len(set(seeds["adaptive"])) == RUNS


def test_a_finished_batch_is_read_back_as_it_was(whole: Path) -> None:
    before = files(whole)

    again = batch(whole).to_dict()

    told = json.loads((whole / "compare.json").read_text())
    assert {**again, "out": "."} == told
    assert files(whole) == before


def test_pairs_are_mean_differences_of_rows(whole: Path) -> None:
    study = batch(whole)
    by = {(r["policy"], r["run"]): r["harmed_connections"] for r in study.rows}
    diffs = [by["adaptive", i] - by["fixed_linear", i] for i in range(RUNS)]

    pair = next(p for p in study.to_dict()["pairs"] if p["metric"] == "harmed_connections")

    assert (pair["a"], pair["b"]) == ("adaptive", "fixed_linear")
    assert pair["diff"] == pytest.approx(sum(diffs) / RUNS)
    assert pair["ci95"][0] <= pair["diff"] <= pair["ci95"][1]


def test_another_batch_s_folder_is_refused_and_untouched(whole: Path) -> None:
    before = files(whole)

    with pytest.raises(InputError, match="another batch"):
        batch(whole, seed=6)
    assert files(whole) == before


def mortal(monkeypatch: pytest.MonkeyPatch, **parameters: Any) -> Any:
    """Return a policy from a module that worker processes can import too."""
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown()  # workers that are there know the old path only
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    import mortal as module  # type: ignore[import-not-found]

    return module.Mortal(**parameters)


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_run_that_crashes_is_a_row_with_seed_and_error(
    monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    policy = mortal(monkeypatch, hours=1.0)

    study = simcert.compare("android_root_missing", [policy], runs=12, seed=1, jobs=jobs)

    failed = [row for row in study.rows if row["error"]]
    assert 0 < len(failed) < 12
    said = "ContractError: policy mortal failed: RuntimeError('odd') (rollout.py:"
    assert all(row["error"].startswith(said) for row in failed)
    assert study.results[0]["failed_runs"] == study.failed_runs == len(failed)
    assert all(row["seed"] is not None and row["end"] is None for row in failed)


@pytest.mark.slow
def test_a_worker_that_dies_costs_only_its_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"runs": 5, "seed": 1, "jobs": 2, "quiet": True}
    raised = simcert.compare("android_root_missing", [mortal(monkeypatch)], **options)

    killed = simcert.compare("android_root_missing", [mortal(monkeypatch, how="kill")], **options)

    lost = [row["run"] for row in killed.rows if row["error"] == KILLED]
    assert lost == [row["run"] for row in raised.rows if row["error"]]
    assert 0 < len(lost) < 5


# a job in the background of a shell ignores SIGINT, and so would every child of this test run
INTERRUPTIBLE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from simcert.cli.main import main
main()
"""


DEAF = """
import signal
from joblib import Parallel, delayed
from simcert.lab.compare.cluster import calmly

def blocked(_):
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])

with calmly():
    flying = Parallel(n_jobs=2, return_as="generator")(delayed(blocked)(i) for i in range(4))
print(blocked(0), *flying)
"""


def test_workers_do_not_hear_what_a_terminal_sends_to_all() -> None:
    """They would answer Ctrl-C with a traceback each; who started them ends them."""
    done = subprocess.run([sys.executable, "-c", DEAF], capture_output=True, text=True)

    assert done.stdout.split() == ["False", *["True"] * 4], done.stderr


@pytest.mark.slow
def test_an_interrupted_batch_goes_on_where_it_stopped(tmp_path: Path) -> None:
    out = tmp_path / "out"
    call = [
        *(sys.executable, "-c", INTERRUPTIBLE),
        *("compare", "android_root_missing", "--policy", "adaptive", "--policy", "fixed_linear"),
        *("--runs", "40", "--seed", "5", "--jobs", "2", "--out", str(out)),
    ]
    flying = subprocess.Popen(
        call, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    while not list(out.glob("shards/*.json")):
        assert flying.poll() is None, flying.stderr
        time.sleep(0.05)
    for _ in range(2):  # as a terminal sends it: to workers, too, and to who is impatient twice
        os.killpg(flying.pid, signal.SIGINT)
        time.sleep(0.3)
    _, said = flying.communicate(timeout=30)
    kept = {p.name: p.stat().st_mtime_ns for p in out.glob("shards/*.json")}

    assert flying.returncode == 130
    assert "Traceback" not in said
    assert f"--out {out} goes on" in said
    assert kept
    assert (out / MARK).is_file()
    assert not (out / MANIFEST).exists()

    done = subprocess.run(call, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert not (out / "shards").exists()
    batch(tmp_path / "afresh", runs=40, jobs=2)
    assert files(out) == files(tmp_path / "afresh")


def test_a_policy_with_many_parameters_has_a_file_name_that_the_disk_takes(tmp_path: Path) -> None:
    numbers = ("alpha_again", "alpha_bound", "delta_safe", "budget", "overshoot", "hold_e", "mid")
    settings = ",".join(f"{name}=0.0100000000000000000000000{n}" for n, name in enumerate(numbers))
    policies = [f"adaptive:{settings},patience={n}" for n in (1, 2)]
    assert len(policies[0]) > 255

    study = simcert.compare("same_ca", policies, runs=1, jobs=1, quiet=True, out=tmp_path / "out")

    assert len(list((tmp_path / "out" / "traces").iterdir())) == 2
    assert study.runs["error"].isna().all()
