"""`tune`: equal bytes for any worker count, an interruption costs nothing, luck is told as luck."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import jsonschema
import pytest

from simcert import lab
from simcert.cli.main import code_of
from simcert.control.journal import stem as stem_of
from simcert.errors import InputError
from simcert.lab import editor_schemas, report
from simcert.lab.setup import prepare
from simcert.lab.tune.progress import Watch
from simcert.lab.tune.space import Knob, space
from simcert.lab.tune.words import outside, toml
from simcert.model.bounds import Within
from simcert.policy.adaptive import Adaptive
from simcert.policy.argo import Argo
from simcert.policy.fixed_canary import FixedCanary
from simcert.scenario import load_scenario, policies

SCAFFOLD = Path(lab.__file__).parent / "scaffold"
SHORT = ("--policy", "fixed_linear", "--trials", "9", "--runs", "3", "--fresh", "3")


@pytest.fixture(scope="module")
def scenarios(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two stories of two hours: short enough to be searched in a test."""
    root, folder = Path(__file__).parents[2], tmp_path_factory.mktemp("stories")
    (folder / "chains").symlink_to(root / "scenarios" / "chains")
    for stem in ("same_ca_mobile", "pinned_app"):
        text = (root / "scenarios" / f"{stem}.toml").read_text()
        assert "horizon_s" not in text
        text = text.replace("[traffic]\n", "[traffic]\nhorizon_s = 7200.0\n")
        (folder / f"{stem}.toml").write_text(text.replace("within_s", "# within_s"))
    return [str(one) for one in sorted(folder.glob("*.toml"))]


def words(scenarios: list[str], place: Path, *more: str) -> list[str]:
    held = ["--held-out", "mldsa_only"]
    return ["tune", *scenarios, *SHORT, *held, *more, "--quiet", "--out", str(place)]


def content(folder: Path) -> dict[str, bytes]:
    files = [one for one in folder.rglob("*") if one.is_file()]
    return {one.relative_to(folder).as_posix(): one.read_bytes() for one in files}


@pytest.fixture(scope="module")
def study(scenarios: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("study") / "one"
    assert code_of(words(scenarios, place, "--jobs", "1")) == 0
    return place


def test_the_number_of_workers_changes_no_byte(
    study: Path, scenarios: list[str], tmp_path: Path
) -> None:
    assert code_of(words(scenarios, tmp_path / "two", "--jobs", "2")) == 0

    assert content(tmp_path / "two") == content(study)


def test_an_interrupted_study_goes_on_to_the_same_bytes(
    study: Path,
    scenarios: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from simcert.lab.tune.search import Search

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Search, "_tell", interrupted)
        assert code_of(words(scenarios, tmp_path / "cut", "--jobs", "1")) == 130
    said = f"the same command with --out {tmp_path / 'cut'} goes on where it stopped"
    assert said in capsys.readouterr().err
    assert any((tmp_path / "cut" / "study").iterdir())
    assert code_of(words(scenarios, tmp_path / "cut", "--jobs", "1")) == 0
    assert content(tmp_path / "cut") == content(study)


def test_what_it_prints_is_the_contract(
    study: Path, scenarios: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(words(scenarios, study, "--jobs", "1", "--json")) == 0

    shown = json.loads(capsys.readouterr().out)
    assert [*shown] == ["trials", "seed", "front", "chosen", "out"]
    assert shown["trials"] == 9
    for one in shown["front"]:
        assert [*one] == ["params", "harmed_connections", "minutes_to_full", "fresh"]


def test_its_manifest_holds_the_command_that_makes_it_again(
    study: Path, scenarios: list[str]
) -> None:
    about = json.loads((study / "manifest.json").read_text())
    knobs = [Knob("step_pct", 1, 40, log=True, whole=True), Knob("alarm", choices=(False, True))]
    listed = {one["path"] for one in about["files"]}

    assert {"chosen.toml", "report.md", "trials.json", "tune.json"} <= listed
    assert not any(name.startswith("study/") for name in listed)
    assert "--trials 9 --seed 0 --runs 3 --fresh 3" in about["command"]
    assert "--false-rollback-max 0.01 --detection-max 1.25" in about["command"]
    assert not (study / "batch.json").exists(), "nothing is unfinished"
    assert about["command"].endswith("--held-out mldsa_only")
    assert [one.asked() for one in knobs] == ["step_pct=1:40:log", "alarm=false|true"]
    assert shlex.split(about["command"])[2:4] == scenarios, "not those of the library"
    again = [one for one in shlex.split(about["command"]) if "=" in one]
    policy = policies.parse("fixed_linear")
    assert space(policy, again) == space(policy, [])


def test_its_page_tells_the_choice_and_what_luck_was_in_it(study: Path) -> None:
    text = report.write(study, study.parent / "figures").read_text(encoding="utf-8")
    found = json.loads((study / "tune.json").read_text())

    assert "Searched" in text
    for i in range(len(found["front"])):
        assert f"front-{i + 1:02d}.toml" in text
    for name in found["chosen"]["params"]:
        assert f"<td>{name}</td>" in text
    for one in found["chosen"]["scenarios"]:
        assert f"<td>{one['scenario']}" in text
    assert report.write(study).read_text(encoding="utf-8") == text
    assert (study.parent / "figures" / "front.svg").is_file()
    (study / "report.html").unlink()


def test_a_study_that_was_changed_has_no_page(study: Path, tmp_path: Path) -> None:
    for name in ("manifest.json", "tune.json", "trials.json"):
        (tmp_path / name).write_bytes((study / name).read_bytes())
    (tmp_path / "tune.json").write_text((tmp_path / "tune.json").read_text() + " ")

    with pytest.raises(InputError, match="damaged"):
        report.write(tmp_path)


def test_its_policies_fly_at_once(study: Path) -> None:
    schema = editor_schemas.policy()
    for file in study.glob("*.toml"):
        assert policies.parse(file)
        jsonschema.validate(tomllib.loads(file.read_text()), schema)
    assert (study / "chosen.toml").is_file()


SPOILED: list[tuple[str, Callable[[Path], bytes]]] = [
    ("t0002.json", lambda one: one.read_bytes()[:9]),
    ("t0002.json", lambda one: b"\xff" + one.read_bytes()),
    ("t0002.json", lambda one: one.with_name("t0001.json").read_bytes()),
    ("*~t0003~00000.json", lambda one: one.read_bytes()[:40]),
    ("*~t0003~00000.json", lambda one: one.read_bytes().replace(b": null", b": 7")),
    (
        "*~t0003~00000.json",
        lambda one: one.with_name(one.name.replace("t0003", "t0002")).read_bytes(),
    ),
]


@pytest.mark.parametrize(("name", "spoil"), SPOILED)
def test_a_spoiled_study_is_told_not_overwritten_and_mended_as_told(
    study: Path,
    scenarios: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    spoil: Callable[[Path], bytes],
) -> None:
    for file, whole in content(study).items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(whole)
    spoiled = next((tmp_path / "study").glob(name))
    spoiled.write_bytes(spoil(spoiled))
    before = content(tmp_path)
    assert before != content(study)

    assert code_of(words(scenarios, tmp_path)) == 2
    said = capsys.readouterr().err
    assert f"{spoiled}: was changed or cut short" in said
    assert "remove this file and give the same command again" in said
    assert content(tmp_path) == before
    spoiled.unlink()
    assert code_of(words(scenarios, tmp_path)) == 0
    assert content(tmp_path) == content(study)


def test_another_study_does_not_enter_this_folder(
    study: Path, scenarios: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for other in (["--seed", "4"], ["--detection-max", "1.3"]):
        assert code_of(words(scenarios, study, *other)) == 2
        assert "another batch" in capsys.readouterr().err


def test_without_optuna_the_remedy_is_told(tmp_path: Path) -> None:
    probe = (
        "import sys; sys.modules['optuna'] = None\n"
        "from simcert.cli.main import main; main(sys.argv[1:])"
    )
    call = [sys.executable, "-c", probe, "tune", "same_ca", "--out", str(tmp_path / "out")]
    done = subprocess.run(call, capture_output=True, text=True, check=False)

    assert done.returncode == 3
    assert "pip install 'simcert[tune]'" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("param", "said"),
    [
        ("budgt", 'did you mean "budget"'),
        ("budget=5", "is no range"),
        ("budget=-1:2", "budget: must be more than 0"),
        ("budget=2:1", "from a smaller to a larger number, got 2.0 to 1.0"),
        ("budget=1:2:cubic", "is no range"),
        ("watched", "has no default range"),
        ("corroboration=0:0.1:log", "begins above 0"),
        ("mid=0.1|yes|0.2", "mid: must be a number"),
    ],
)
def test_a_range_that_does_not_fit_is_told(
    param: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = code_of(["tune", "same_ca", "--param", param, "--out", str(tmp_path / "out")])

    told = capsys.readouterr().err
    assert code == 2
    assert said in told
    assert "--param" in told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[budgt]\nlow = 1\nhigh = 2\n", 'unknown parameter of adaptive ({}) "budgt"; did you'),
        ("[mid]\nlow = 0.2\nhigh = 0.1\n", "{}: mid: a range goes from a smaller"),
        ("[mid]\nlow = 0.2\n", "{}: mid: needs low and high"),
        ("[mid]\nlow = 'x'\nhigh = 1\n", "{}: mid: must be a number"),
        ("[mid]\nsteps = 3\n", "{}: [mid] may have choices, high, low, scale"),
        ("mid = 1\n", "{}: [mid] may have"),
        ("[mid]\nchoices = [1]\n", "{}: mid: choices must be an array of at least 2"),
    ],
)
def test_a_space_that_does_not_fit_names_its_file(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "space.toml"
    file.write_text(text)

    with pytest.raises(InputError) as told:
        space(Adaptive(), [], file)
    assert said.format(file) in str(told.value)


@dataclass(frozen=True)
class Bounded:
    """A policy's parameters, each near an end of its bounds."""

    share: Annotated[float, Within(0.2, 1.0, open_high=True)] = 0.5
    top: Annotated[float, Within(0.0, 1.0)] = 0.5
    count: int = 1
    off: float = 0.0
    name: str = "x"


def test_a_default_range_keeps_within_the_bounds() -> None:
    policy: Any = Bounded()

    assert space(policy, []) == (
        Knob("share", 0.2, 0.999, log=True),
        Knob("top", 0.125, 1.0, log=True),
        Knob("count", 1, 4, log=True, whole=True),
    )
    with pytest.raises(InputError, match="off: a range goes from a smaller to a larger number"):
        space(policy, ["off=1:inf"])


def test_guarantees_are_no_knobs_unless_named() -> None:
    default = {one.name for one in space(Adaptive(), [])}

    assert "budget" in default
    assert not {"alpha", "alpha_bound", "alpha_again", "delta_safe"} & default
    assert space(Adaptive(), ["alpha=0.001:0.02"]) == (Knob("alpha", 0.001, 0.02, log=True),)


def test_what_is_searched_judges_nobody_held_out(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--held-out same_ca: is searched"):
        lab.tune(["same_ca"], held_out=["same_ca"], out=tmp_path / "out")
    with pytest.raises(InputError, match="--held-out mldsa_only: is searched, or named twice"):
        lab.tune(["same_ca"], held_out=["mldsa_only", "mldsa_only"], out=tmp_path / "out")


def test_a_file_names_ranges_and_choices(tmp_path: Path) -> None:
    file = tmp_path / "space.toml"
    file.write_text('[mode]\nchoices = ["background", "step"]\n[count]\nlow = 2\nhigh = 9\n')

    assert space(Argo(), [], file) == (
        Knob("mode", choices=("background", "step")),
        Knob("count", 2, 9, log=True, whole=True),
    )
    file.write_text('[mode]\nchoices = ["step"]\n')
    with pytest.raises(InputError, match="mode: choices must be an array of at least 2"):
        space(Argo(), [], file)
    file.write_text("[count]\nlo = 2\n")
    with pytest.raises(InputError, match=r"space\.toml: \[count\] may have"):
        space(Argo(), [], file)


@pytest.mark.parametrize("policy", [Adaptive(budget=0.01, watched=("a",)), Argo(), FixedCanary()])
def test_a_policy_survives_its_file(policy: Any, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(toml(policy, ["words\nin two lines"]))

    assert policies.parse(tmp_path / "p.toml") == policy
    assert toml(type(policy)(), []).splitlines() == [f'policy = "{stem_of(policy)}"']


def test_days_come_in_order_of_runs_however_they_are_cut(
    scenarios: list[str], tmp_path: Path
) -> None:
    from simcert.lab.folder import ResultFolder
    from simcert.lab.tune.days import Flyer

    setups, made = [prepare(scenarios[0])], policies.parse("fixed_linear")
    whole, parts = (Flyer(ResultFolder(tmp_path / n), 1, Watch()) for n in ("a", "b"))

    at_once = whole.fly(setups, {"x": made}, 0, 0, 7)["x"]["pinned_app"]
    cut = [parts.fly(setups, {"x": made}, 0, *ends)["x"]["pinned_app"] for ends in ((0, 3), (3, 7))]
    assert at_once == cut[0] + cut[1]
    assert len({one["harmed_connections"] for one in at_once}) > 1


def test_a_terminal_shows_each_step_and_no_bar_runs_over(
    study: Path, scenarios: list[str], tmp_path: Path
) -> None:
    """The days of a finished study are read back at once; what is drawn is the same."""
    shutil.copytree(study, tmp_path / "seen")
    call = [sys.executable, "-m", "tests.cli.terminal", *words(scenarios, tmp_path / "seen")]
    call.remove("--quiet")

    done = subprocess.run(call, capture_output=True, text=True, check=True)

    steps = re.findall(r"^(.+?) +\S+ +(\d+)/(\d+) \S+$", done.stdout, re.M)
    assert {"search", "front, fresh days"} <= {name for name, _, _ in steps}
    assert all(int(n) <= int(total) for _, n, total in steps)
    assert "trial 9 of 9" in done.stdout
    assert content(tmp_path / "seen") == content(study)


def test_a_gain_by_luck_is_not_chosen(scenarios: list[str], tmp_path: Path) -> None:
    """A knob without any effect: the front is the defaults, and so is the choice."""
    found = lab.tune(
        scenarios,
        Adaptive(),
        trials=3,
        jobs=1,
        out=tmp_path / "out",
        knobs=["hurry_delta"],
        held_out=["mldsa_only"],
        runs=2,
        fresh=2,
        quiet=True,
    )

    assert found.chosen is None
    assert "the defaults stay" in found.words()
    assert "the defaults stay" in found._repr_html_()
    assert len(repr(found)) < 400
    assert list(found.trials["trial"]) == [0, 1, 2]
    assert "params.hurry_delta" in found.trials
    assert found.scenarios.empty
    for figure in (found.plot(), found.plot_importances(), found.plot_scenarios()):
        assert figure.axes
    assert policies.parse(tmp_path / "out" / "chosen.toml") == Adaptive()


def test_a_combination_that_a_policy_refuses_is_no_candidate(tmp_path: Path) -> None:
    quick = replace(load_scenario("mldsa_only"), stem="quick")
    found = lab.tune(
        [quick],
        Argo(),
        trials=4,
        jobs=1,
        out=tmp_path / "out",
        knobs=["mode=background|nonsense"],
        held_out=[],
        runs=2,
        fresh=2,
        quiet=True,
    )

    refused = [one for one in found.search.trials if one.params["mode"] == "nonsense"]
    assert refused
    assert all(one.stopped.startswith("refused") for one in refused)
    assert prepare(quick, Argo()).truth.harmful


def test_a_policy_in_a_file_of_ones_own_is_searched_in_workers(
    scenarios: list[str], tmp_path: Path
) -> None:
    own = SCAFFOLD / "doubling.py"
    more = ("--policy", str(own), "--trials", "2", "--runs", "2", "--fresh", "2", "--jobs", "2")
    call = ["tune", scenarios[0], *more, "--held-out", scenarios[1], "--quiet"]

    assert code_of([*call, "--out", str(tmp_path / "out")]) == 0

    command = json.loads((tmp_path / "out" / "manifest.json").read_text())["command"]
    assert f"--policy {own} " in command
    assert f"fly it with: --policy {own}" in (tmp_path / "out" / "chosen.toml").read_text()


def test_what_was_found_for_a_policy_of_ones_own_flies_as_is_told(tmp_path: Path) -> None:
    own = tmp_path / "my own.py"
    own.write_text((SCAFFOLD / "doubling.py").read_text())
    found = replace(policies.parse(str(own)), first=0.125, dwell_s=300.0)

    (said,) = outside(found, f"{own}:first=0.5")

    (typed,) = shlex.split(said.rpartition("--policy ")[2])
    assert asdict(policies.parse(typed)) == asdict(found)
    assert outside(FixedCanary(), "fixed_canary") == []
