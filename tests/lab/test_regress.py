"""A baseline opens the gate for what it holds, and for nothing else."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcert.cli.main import code_of
from simcert.errors import InputError
from simcert.lab.compare.batch import slug
from simcert.lab.regress import Regression, flown, gate, regress, update
from simcert.lab.regress.judge import FAMILY, judge, rank_sum_p, runs_to_fly
from simcert.lab.regress.record import Flown, Record
from simcert.lab.regress.words import details, in_words, junit, markdown
from simcert.lab.setup import prepare
from simcert.policy.adaptive import Adaptive

SCENARIO, RUNS = "android_root_missing", 4
NOBODY: dict[str, str] = {}


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project") / "simcert-baseline"
    recorded = update(
        folder, scenarios=[SCENARIO], policies=["adaptive", "fixed_canary"], runs=RUNS, jobs=1,
        environment=NOBODY,
    )  # fmt: skip
    assert [case.verdict for case in recorded.cases] == ["new", "new"]
    return folder


@pytest.fixture
def folder(baseline: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "baseline"
    copy.mkdir()
    for path in baseline.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    return copy


def file_of(folder: Path, policy: str = "adaptive") -> Path:
    return folder / f"{SCENARIO}~{policy}.json"


def edited(folder: Path, **head: object) -> None:
    table = json.loads(file_of(folder).read_text())
    file_of(folder).write_text(json.dumps({**table, **head}))


def made(harm: Sequence[int], digests: str, end: str = "complete") -> Record:
    """A record whose runs harmed so many; equal letters are equal decisions."""
    runs = tuple(
        Flown(i, i, end, h, h, 0.5, d, d, "traffic", "0:0 60:0.5", minutes_to_full=30.0)
        for i, (h, d) in enumerate(zip(harm, digests, strict=True))
    )
    return Record("one", "two", "Two()", "counts", "world", 1, runs)


def test_nothing_changed_is_the_same_bytes(baseline: Path) -> None:
    found = regress(baseline, jobs=1)

    assert [case.verdict for case in found.cases] == ["same_bytes", "same_bytes"]
    assert not found.changed
    assert found.to_dict()["changed"] is False


def test_workers_change_no_byte(baseline: Path) -> None:
    assert not regress(baseline, jobs=2).changed


def test_a_record_reads_back_as_it_was_written(baseline: Path) -> None:
    record = flown(prepare(SCENARIO), 1, RUNS)

    assert Record.read(file_of(baseline)) == record
    assert file_of(baseline).read_text() == record.text()


@pytest.mark.parametrize("parameter", ["alpha_bound", "budget"])
def test_a_planted_change_shows_in_the_bytes(parameter: str) -> None:
    before = flown(prepare("rare_segment", Adaptive()), 1, 3)
    planted = Adaptive(**{parameter: getattr(Adaptive(), parameter) * 1.1})

    case = judge(before, flown(prepare("rare_segment", planted), 1, 3), 0.05, 1)

    assert case.verdict in ("changed", "same_law")
    assert case.parting is not None
    assert any("parameters were" in note for note in case.notes)


def test_what_changed_is_told_in_words() -> None:
    before = flown(prepare(SCENARIO, Adaptive()), 1, 6)
    now = flown(prepare(SCENARIO, Adaptive(alpha=0.0001, failure_limit=60.0)), 1, 6)

    case = judge(before, now, 0.05, 1)
    said = "\n".join(details(case))

    assert case.verdict == "changed"
    assert "harm +" in said
    assert "% of the difference" in said
    assert "decisions part at tick" in said


def test_decisions_part_where_they_part() -> None:
    """The tick that is named is the first at which the journals of both flights differ."""
    before, now = (prepare(SCENARIO, Adaptive(alpha_bound=bound)) for bound in (0.002, 0.02))
    one, two = flown(before, 1, 4), flown(now, 1, 4)
    differ = {
        now.run: next(i for i, (x, y) in enumerate(zip(was.decided, now.decided)) if x != y)  # noqa: B905
        for was, now in zip(one.runs, two.runs, strict=True)
        if was.decided != now.decided
    }

    parting = judge(one, two, 0.05, 1).parting

    assert parting is not None
    assert parting.tick == differ[parting.run]
    assert parting.tick == min(differ.values())
    assert len({*differ.values()}) > 1  # so that "first" means something here


def test_differences_within_the_margin_are_the_same_law() -> None:
    case = judge(made([1000] * 8, "aaaaaaaa"), made([1001, 999] * 4, "bbbbbbbb"), 0.05, 1)

    assert case.verdict == "same_law"


@pytest.mark.parametrize(
    ("now", "changed"),
    [([1100] * 8, True), ([1000, 1300] * 4, True), ([1049] * 8, False), ([1060] * 8, True)],
)
def test_what_is_not_shown_equivalent_is_changed(now: list[int], changed: bool) -> None:
    case = judge(made([1000] * 8, "aaaaaaaa"), made(now, "bbbbbbbb"), 0.05, 1)

    assert (case.verdict == "changed") == changed


def test_a_quarter_of_a_connection_is_no_change_where_few_are_harmed() -> None:
    case = judge(made([1] * 40, "a" * 40), made([2, *[1] * 39], "b" * 40), 0.05, 1)

    assert case.verdict == "same_law"


def test_one_run_that_ends_otherwise_is_a_change() -> None:
    before = made([10] * 8, "aaaaaaaa")
    runs = (*before.runs[:7], replace(before.runs[7], end="rolled_back", digest="z"))

    assert judge(before, replace(before, runs=runs), 0.05, 1).verdict == "changed"


def test_one_run_that_never_reaches_everybody_any_more_is_a_change() -> None:
    before = made([0] * 8, "aaaaaaaa")
    now = made([0] * 8, "bbbbbbbb").runs
    never = (replace(now[0], minutes_to_full=None), *now[1:])

    case = judge(before, replace(before, runs=never), 0.05, 1)

    assert (case.verdict, case.changed) == ("changed", ("minutes_to_full",))


def test_other_traffic_is_not_paired() -> None:
    before, now = made([10, 20, 30] * 4, "aaaa" * 3), made([11, 19, 33] * 4, "bbbb" * 3)
    redrawn = replace(now, runs=tuple(replace(run, traffic="other") for run in now.runs))

    case = judge(before, redrawn, 0.05, 1)

    assert case.verdict == "same_law"
    assert any("not paired" in note for note in case.notes)


@given(
    st.lists(st.integers(0, 3), min_size=2, max_size=5),
    st.lists(st.integers(0, 3), min_size=2, max_size=4),
)
def test_the_rank_sum_is_exact(a: list[int], b: list[int]) -> None:
    """Against all ways of dealing the values, counted one by one."""
    pool = [*a, *b]

    def total(indices: Sequence[int]) -> float:
        return sum(sum(x < pool[i] for x in pool) + pool.count(pool[i]) / 2 for i in indices)

    seen = total(range(len(a)))
    sums = [total(chosen) for chosen in combinations(range(len(pool)), len(a))]
    low = sum(s <= seen + 1e-9 for s in sums) / len(sums)
    high = sum(s >= seen - 1e-9 for s in sums) / len(sums)

    assert rank_sum_p(a, b) == pytest.approx(min(1.0, 2 * min(low, high)))


def test_many_runs_are_judged_alike_and_quickly() -> None:
    """The exact law and its approximation meet where one makes way for the other."""
    one, two = [n % 7 for n in range(75)], [n % 7 + n % 2 for n in range(75)]

    exact = rank_sum_p(one, two)
    near = rank_sum_p([*one, 3], [*two, 3])

    assert near == pytest.approx(exact, rel=0.05)
    assert rank_sum_p([1.0] * 500, [1.0] * 500) == 1.0


def test_other_days_of_the_same_policy_are_the_same_law(baseline: Path) -> None:
    found = regress(baseline, jobs=1, seed=77)

    assert {case.verdict for case in found.cases} == {"same_law"}
    assert FAMILY <= 0.01


def test_so_many_other_days_are_flown_that_a_change_can_be_proved(baseline: Path) -> None:
    """Every run on the wrong side of every recorded one: if that is no proof, nothing is."""
    found = regress(baseline, jobs=1, seed=77)

    n = runs_to_fly(RUNS, len(found.cases))
    assert rank_sum_p([0.0] * RUNS, [1.0] * n) < FAMILY / (6 * len(found.cases))
    assert rank_sum_p([0.0] * RUNS, [*[1.0] * (n - 1), 0.0]) < FAMILY / (6 * len(found.cases))


def test_another_world_is_noted_and_the_same_is_not() -> None:
    before, now = made([0], "a"), made([0], "a")

    assert judge(before, now, 0.05, 1).notes == ()
    assert "scenario itself" in judge(before, replace(now, world="other"), 0.05, 1).notes[0]


def test_one_day_of_other_traffic_unpairs_all() -> None:
    before, now = made([1000] * 8, "aaaaaaaa"), made([1001] * 8, "bbbbbbbb")
    runs = (replace(now.runs[0], traffic="other"), *now.runs[1:])

    case = judge(before, replace(now, runs=runs), 0.05, 1)

    assert case.parting is None
    assert any("runs are not paired" in note for note in case.notes)


def test_of_all_runs_the_earliest_parting_is_named() -> None:
    decided = tuple((60.0 * i, 0.1, "said") for i in (1, 2, 3))
    before, now = made([0, 0], "aa"), made([0, 0], "bb")
    was = tuple(replace(run, letters="aaa") for run in before.runs)
    letters = ("aab", "abb")
    is_ = (replace(run, letters=one, _decided=decided)
           for run, one in zip(now.runs, letters, strict=True))  # fmt: skip

    parting = judge(replace(before, runs=was), replace(now, runs=tuple(is_)), 0.05, 1).parting

    assert parting is not None
    assert (parting.run, parting.tick, parting.t_s) == (1, 1, 120.0)


def test_too_few_runs_open_no_gate_where_traffic_is_other() -> None:
    before, now = made([10, 20], "aa"), made([10, 20], "bb")
    redrawn = replace(now, runs=tuple(replace(run, traffic="other") for run in now.runs))

    case = judge(before, redrawn, 0.05, 1)

    assert case.verdict == "changed"
    assert any("prove nothing on other days" in note for note in case.notes)


def test_a_large_suite_asks_each_case_for_a_stronger_proof() -> None:
    """One inversion in 20 values: p = 2.2e-5, between the level of 20 cases and that of one."""
    before = made([*range(9), 10], "a" * 10)
    now = made([9, *range(11, 20)], "b" * 10)
    redrawn = replace(now, runs=tuple(replace(run, traffic="other") for run in now.runs))

    assert judge(before, redrawn, 0.05, 1).verdict == "changed"
    assert judge(before, redrawn, 0.05, 20).verdict == "same_law"


def test_other_days_of_another_policy_are_not() -> None:
    before = flown(prepare(SCENARIO, Adaptive()), 1, 12)
    now = flown(prepare(SCENARIO, "all_at_once"), 2, 12)

    assert judge(before, now, 0.05, 20).verdict == "changed"


def test_what_was_never_recorded_shuts_the_gate(folder: Path) -> None:
    file_of(folder).unlink()

    found = regress(folder, jobs=1)

    assert [case.verdict for case in found.cases] == ["new", "same_bytes"]
    assert found.changed


def test_what_is_gone_shuts_the_gate_until_update_drops_it(folder: Path) -> None:
    old = folder / "same_ca~sprt_risk.json"
    old.write_bytes(file_of(folder).read_bytes())

    assert regress(folder, jobs=1).cases[-1].verdict == "missing"
    update(folder, jobs=1, environment=NOBODY)
    assert not old.exists()
    assert not regress(folder, jobs=1).changed


def test_a_smaller_suite_deletes_nothing_by_the_way(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    with pytest.raises(
        InputError, match=rf"be deleted: {SCENARIO} with fixed_canary; edit .*suite"
    ):
        update(folder, policies=["adaptive"], jobs=1, environment=NOBODY)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before

    update(folder, policies=["adaptive"], jobs=1, environment=NOBODY, force=True)
    assert not file_of(folder, "fixed_canary").exists()


def test_update_tells_what_it_changes_and_is_refused_in_ci(folder: Path) -> None:
    with pytest.raises(InputError, match="CI is set"):
        update(folder, jobs=1, environment={"CI": "true"})

    edited(folder, policy="adaptive", parameters="Adaptive(old)")
    found = update(folder, jobs=1, environment={"CI": "true"}, force=True)

    assert len(found.updated) == 2
    assert "review and commit" in in_words(found)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("{", "cannot be read"),
        ("[]", "another version"),
        ('{"schema": 2}', "schema 2, this simcert reads 1"),
        ('{"schema": 1, "runs": 3}', "--update"),
        ('{"schema": 1, "runs": [{"run": "x"}]}', "must be a whole number"),
        ("[" * 100_000, "cannot be read"),
    ],
)
def test_a_spoilt_record_is_told_with_the_way_out(folder: Path, text: str, hint: str) -> None:
    file_of(folder).write_text(text)

    with pytest.raises(InputError, match="regress --update") as found:
        regress(folder, jobs=1)

    assert hint in str(found.value)
    assert str(file_of(folder)) in str(found.value)


def test_a_record_of_another_suite_is_told(folder: Path) -> None:
    edited(folder, seed=5)

    with pytest.raises(InputError, match=r"recorded 5, suite\.toml asks for 1"):
        regress(folder, jobs=1)


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("scenaros = []", 'did you mean "scenarios"?'),
        ("runs = 1", "runs"),
        ("margin = 0", "margin"),
        ("schema = 9", "reads schema 1"),
        ("", '"scenarios" is missing'),
    ],
)
def test_a_wrong_suite_names_the_key(tmp_path: Path, line: str, hint: str) -> None:
    whole = 'scenarios = ["same_ca"]\npolicies = ["adaptive"]\n' if line else "policies = []\n"
    (tmp_path / "suite.toml").write_text(whole + line)

    with pytest.raises(InputError) as found:
        regress(tmp_path, jobs=1)

    assert hint in str(found.value)


def test_two_cases_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "adaptive.toml").write_text('policy = "adaptive"')

    with pytest.raises(InputError, match="two cases are called same_ca_mobile, adaptive"):
        update(tmp_path / "baseline", scenarios=["same_ca_mobile"], environment=NOBODY,
               policies=["adaptive", str(tmp_path / "a" / "adaptive.toml")])  # fmt: skip


def test_a_policy_in_a_file_of_ones_own_flies_in_workers(tmp_path: Path) -> None:
    policy = Path(__file__).parents[2] / "simcert/lab/scaffold/doubling.py"
    update(tmp_path, scenarios=[SCENARIO], policies=[str(policy)], runs=2, jobs=2,
           environment=NOBODY)  # fmt: skip

    assert (tmp_path / f"{SCENARIO}~doubling.json").is_file()
    assert not regress(tmp_path, jobs=2).changed


def _found(case_verdict: str, baseline: Path) -> Regression:
    found = regress(baseline, jobs=1)
    return replace(found, cases=tuple(replace(one, verdict=case_verdict) for one in found.cases))


def test_junit_and_markdown_say_the_same(baseline: Path) -> None:
    shut = _found("changed", baseline)
    root = ElementTree.fromstring(junit(shut))

    assert root.attrib["failures"] == "2"
    assert len(root.findall(".//failure")) == 2
    assert markdown(shut).count("| changed |") == 2
    assert not ElementTree.fromstring(junit(regress(baseline, jobs=1))).findall(".//failure")


def test_the_command_line_is_a_gate(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    summary, xml = tmp_path / "step.md", tmp_path / "out" / "regress.xml"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    call = ["regress", "--baseline", str(folder), "--jobs", "1"]

    assert code_of([*call, "--junit", str(xml), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changed"] is False
    assert summary.read_text().startswith("before\n### simcert regress: unchanged")
    assert xml.is_file()

    file_of(folder).unlink()
    assert code_of(call) == 1
    assert "NEW" in capsys.readouterr().out
    monkeypatch.setenv("CI", "true")
    assert code_of([*call, "--update"]) == 2
    monkeypatch.delenv("CI")
    assert code_of([*call, "--update"]) == 0
    assert code_of(call) == 0


def test_without_a_baseline_the_remedy_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(["regress", "--baseline", str(tmp_path / "none")]) == 2
    assert "--update` records one" in capsys.readouterr().err


def test_a_case_is_found_again_under_whatever_name_its_policy_was_given(tmp_path: Path) -> None:
    """A name may be too long for a file, or in letters that a file system does not take."""
    for label in ("argo:" + "steps=1/2/3," * 40, "mine/../x", "Größer"):
        setup = replace(prepare("same_ca_mobile", "fixed_linear"), label=label)
        name = gate.write(tmp_path, Record.of(setup, 1, []))

        assert name == f"{slug(setup)}.json"
        assert Record.read(tmp_path / name) == Record.of(setup, 1, [])
    assert len(list(tmp_path.glob("*~*.json"))) == 3
